"""Whether to keep asking a model, by the outcomes of its last requests. Pure.

A server that is misconfigured, out of credit or of another kind than expected fails at every
request. That has nothing to do with captions, so after a number of requests in a row without a
usable answer the run stops. Failures that may be due to a caption (a rejected request, an answer
that is not JSON) are held back until a usable answer shows that the model can do better.
"""

from dataclasses import dataclass, field

from data.errors import RetryableError, UsageError
from negatives.llm.ledger import KEPT
from negatives.llm.limits import WHERE
from negatives.llm.reading import holds_object
from negatives.llm.replies import RAISE_TOKENS, printable
from negatives.llm.requests import (
    EMPTY,
    REFUSED,
    REJECTED,
    TIMED_OUT,
    TOO_LONG,
    UNREACHED,
    Answer,
    Failure,
    Outcome,
    Request,
)


@dataclass(slots=True)
class Trust:
    """What is known about a model; it outlives a call of `answers`, unlike what is held back.

    `is_proven`: whether an answer was usable. `in_a_row`: requests since then without a usable
    answer; `last`: the failure of the last of them.
    """

    is_proven: bool = False
    in_a_row: int = 0
    last: Failure = field(default_factory=lambda: Failure(UNREACHED))
    held: dict[int, Outcome] = field(default_factory=dict)

    def take(self, number: int, request: Request, outcome: Outcome) -> dict[int, Outcome]:
        """Learn from an outcome; return, by number, the outcomes that may be reported by now."""
        if isinstance(outcome, Answer):
            if self.is_proven or is_usable(request, outcome):
                self.is_proven, self.in_a_row = True, 0
                outcomes, self.held = {**self.held, number: outcome}, {}
                return outcomes
            self._count_failure(_unusable(request, outcome))
            self.held[number] = outcome
            return {}
        if outcome.reason in (REFUSED, TOO_LONG):
            return {number: outcome}
        self._count_failure(outcome)
        if outcome.reason == REJECTED:
            self.held[number] = outcome
            return {}
        return {number: outcome}

    def rest(self) -> dict[int, Outcome]:
        """Return what is still held back at the end of a call.

        A rejection counts only if the server has answered something before.
        """
        outcomes, self.held = self.held, {}
        return {
            number: Failure(UNREACHED, outcome.why)
            if isinstance(outcome, Failure) and not self.is_proven
            else outcome
            for number, outcome in outcomes.items()
        }

    def stop(self, name: str, account: str) -> UsageError | RetryableError:
        """Return what to raise after too many requests in a row without a usable answer."""
        text = (
            f"{name}: {self.in_a_row} questions in a row without a usable answer; of the last one: "
            f"{self.last.why}; {account}; {KEPT} ({WHERE}.stop_after and max_unanswered allow more)"
        )
        if self.last.reason in (TIMED_OUT, UNREACHED):
            return RetryableError(f"{text}: see to the server and run the same again")
        return UsageError(text)

    def _count_failure(self, failure: Failure) -> None:
        self.in_a_row += 1
        self.last = failure


def is_usable(request: Request, answer: Answer) -> bool:
    """Tell whether an answer has the requested form, as far as can be seen here."""
    return holds_object(answer.text) if request.schema is not None else bool(answer.text.strip())


def _unusable(request: Request, answer: Answer) -> Failure:
    """Return what is wrong with an answer that is not usable."""
    advice = f"; {RAISE_TOKENS}" if answer.completion_tokens >= request.max_tokens else ""
    return Failure(EMPTY, f"expected JSON, found {printable(answer.text)!r}{advice}")
