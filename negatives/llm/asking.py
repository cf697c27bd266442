"""Rules that ask: what they are, and their proposals once the answers are there. Pure."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol, TypeGuard

from data.edits import Edit
from negatives.llm.requests import UNREACHED, Failure, ModelInfo, Outcome, Request, key_of
from negatives.llm.verifier import verdict, verifier_requests
from negatives.parse import Parse
from negatives.slots import Rule, Slot

Proposals = tuple[list[Slot], Counter[str]]
"""The slots that answers give, and how often what went wrong."""


class AskingRule(Protocol):
    """A rule whose slots come from a language model's answers; a dataclass as every rule is."""

    @property
    def verify(self) -> bool:
        """Tell whether the model is asked to verify its proposals."""

    @property
    def prompt(self) -> str:
        """Return the name and version of its prompt."""

    def requests(self, parse: Parse) -> list[Request]:
        """Return what is asked about a caption, always the same."""

    def slots(self, parse: Parse, outcomes: Sequence[Outcome]) -> Proposals:
        """Return what the outcomes of these requests, in their order, are worth."""


AnyRule = Rule | AskingRule


def asks(rule: object) -> TypeGuard[AskingRule]:
    """Tell whether a rule, or its class, asks a language model."""
    return hasattr(rule, "requests")


class LlmAnswers(NamedTuple):
    """Outcomes by key, and who answered."""

    outcomes: Mapping[str, Outcome]
    model_info: ModelInfo

    def of(self, requests: Sequence[Request]) -> list[Outcome]:
        """Return the outcomes of requests, in order."""
        unknown = Failure(UNREACHED)
        return [self.outcomes.get(key_of(each, self.model_info), unknown) for each in requests]


def verdict_requests(rule: AskingRule, parse: Parse, answers: LlmAnswers) -> list[Request]:
    """Return what the verifier is asked about a caption's proposals; nothing without `verify`."""
    if not rule.verify:
        return []
    slots, _ = rule.slots(parse, answers.of(rule.requests(parse)))
    return verifier_requests(parse.text, _texts(parse, slots))


def proposals_of(rule: AskingRule, parse: Parse, answers: LlmAnswers) -> Proposals:
    """Return what a rule offers for a caption that the verifier lets pass, and what went wrong."""
    slots, faults = rule.slots(parse, answers.of(rule.requests(parse)))
    if rule.verify:
        texts = _texts(parse, slots)
        outcomes = answers.of(verifier_requests(parse.text, texts))
        verdicts = dict(zip(texts, map(verdict, outcomes), strict=True))
        faults.update(reason for reason in verdicts.values() if reason is not None)
        slots = list(_verified_slots(parse, slots, verdicts))
    return slots, faults


def _texts(parse: Parse, slots: Sequence[Slot]) -> list[str]:
    return [edit.apply(parse.text) for slot in slots for edit in slot.alternatives]


def _verified_slots(
    parse: Parse, slots: Sequence[Slot], verdicts: Mapping[str, str | None]
) -> Iterator[Slot]:
    """Yield the slots with the alternatives that the verifier let pass."""
    for slot in slots:
        left: list[Edit] = [
            edit for edit in slot.alternatives if verdicts[edit.apply(parse.text)] is None
        ]
        if left:
            yield slot._replace(alternatives=left)
