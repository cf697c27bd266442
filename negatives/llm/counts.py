"""Counts of what was asked and answered, and a summary in words. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from negatives.llm.ledger import KEPT
from negatives.llm.limits import WHERE
from negatives.llm.requests import (
    CUT,
    EMPTY,
    REFUSED,
    REJECTED,
    TIMED_OUT,
    TOO_LONG,
    UNREACHED,
    Answer,
    Backend,
    Outcome,
    Request,
)
from negatives.llm.trust import is_usable

_COUNTED_AS: Mapping[str, str] = {
    REFUSED: "refused",
    REJECTED: "rejected",
    TOO_LONG: "too_long",
    EMPTY: "empty",
    CUT: "empty",
    TIMED_OUT: "unanswered",
    UNREACHED: "unanswered",
}


class Counts(NamedTuple):
    """Questions in all (`requests`), those known before (`kept`), damaged records, what came.

    `unreadable`: of the answered ones, those that are not of the form that was asked for.
    `empty`: replies without content, or cut before any. `cost`: in dollars, 0 where prices are not
    known; like the tokens it counts all that was asked, in vain too.
    """

    requests: int = 0
    kept: int = 0
    damaged: int = 0
    answered: int = 0
    unreadable: int = 0
    refused: int = 0
    rejected: int = 0
    too_long: int = 0
    empty: int = 0
    unanswered: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost: float = 0.0

    def missing(self) -> int:
        """Return the number of questions that have to be asked again."""
        return self.empty + self.unanswered

    def after(self, earlier: "Counts") -> "Counts":
        """Return the counts of questions that were asked again, with what asking took before."""
        if not earlier.requests:
            return self
        return self._replace(
            kept=earlier.kept,
            damaged=earlier.damaged,
            prompt_tokens=self.prompt_tokens + earlier.prompt_tokens,
            completion_tokens=self.completion_tokens + earlier.completion_tokens,
            cost=self.cost + earlier.cost,
        )

    def plus(self, other: "Counts") -> "Counts":
        """Return the sums of two counts."""
        sums: Any = map(sum, zip(self, other, strict=True))
        return Counts(*sums)


def count_outcomes(requests: Iterable[Request], outcomes: Iterable[Outcome]) -> Counts:
    """Return how many questions came to what."""
    numbers = dict.fromkeys(Counts._fields, 0)
    for request, outcome in zip(requests, outcomes, strict=True):
        numbers["requests"] += 1
        if isinstance(outcome, Answer):
            numbers["answered"] += 1
            numbers["unreadable"] += not is_usable(request, outcome)
        else:
            numbers[_COUNTED_AS[outcome.reason]] += 1
    return Counts(**numbers)


def counts_record(counts: Counts, backend: Backend) -> dict[str, Any]:
    """Return counts as run.json has them: with no cost where prices are not known."""
    model_info = backend.model_info
    is_priced = None not in (model_info.prompt_price, model_info.completion_price)
    record = {**counts._asdict(), "left_out": sorted(backend.ledger.left_out)}
    return record if is_priced else {**record, "cost": None}


def line_of(asked: Mapping[str, Any]) -> str:
    """Return what asking came to in one line, of counts as run.json has them."""
    parts = [f"{asked['answered']:,} answered"]
    if asked["unreadable"]:
        parts[0] += f" ({asked['unreadable']:,} of them not in the form asked for)"
    parts += [
        f"{asked[name]:,} {name.replace('_', ' ')}"
        for name in ("refused", "rejected", "too_long", "empty", "unanswered")
        if asked[name] or name in {"refused", "empty"}
    ]
    before = f", {asked['kept']:,} of them before" if asked["kept"] else ""
    tokens = f"{asked['prompt_tokens']:,} tokens read, {asked['completion_tokens']:,} written"
    cost = asked.get("cost")
    dollars = f", {cost:,.4f} dollars" if cost else ""
    left_out = ", ".join(asked.get("left_out", ()))
    without = f"; asked without {left_out}, which the server does not take" if left_out else ""
    return (
        f"asked {asked['requests']:,} questions{before}: {', '.join(parts)}; "
        f"{tokens}{dollars}{without}"
    )


def describe_unanswered(counts: Counts, whys: Sequence[str]) -> str:
    """Return what to say where questions lack an answer, with the server's reason of the last."""
    num = counts.missing()
    reason = f" ({whys[-1]})" if whys and whys[-1] else ""
    return (
        f"{num:,} of {counts.requests:,} questions have no answer{reason}; {KEPT}: run the same "
        f"again to ask for the rest, or accept that with {WHERE}.max_unanswered={num}"
    )
