"""`llm_infill`: a word is removed, and the model proposes others for the gap. Pure."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from data.edits import Edit, Replacement, text_at
from data.errors import UsageError
from data.texts import normalise
from negatives.llm.asking import Proposals
from negatives.llm.infill_targets import KINDS, InfillTarget, Kind, excludes, infill_targets
from negatives.llm.prompts import chat_messages, continuation_text, prompt, string
from negatives.llm.reading import TWICE, UNPARSABLE, WORDS_SCHEMA, words_in
from negatives.llm.requests import MAX_CHARACTERS, TOO_LONG, Failure, Gap, Outcome, Request
from negatives.parse import Parse
from negatives.slots import Slot
from negatives.words.lexicon import Lexicon

_PROMPT = "infill-1"
_MAX_TOKENS = 48
_MAX_WORDS = 3  # of a proposal


@dataclass(frozen=True, kw_only=True, slots=True)
class LlmInfill:
    """ "a man riding a horse" -> "a man riding a camel".

    One slot per word of the given `kinds` ("obj", "att", "act", "rel"), with at most `places`
    requests per caption and at most `proposals` answers used. `is_open`: nouns and verbs may be of
    any class, which requires a good model. `verify`: whether the model also verifies its proposals.
    """

    lexicon: Lexicon
    kinds: tuple[Kind, ...] = KINDS
    places: int = 6
    proposals: int = 6
    is_open: bool = False
    verify: bool = False

    def __post_init__(self) -> None:
        """Reject options that ask nothing."""
        if not self.kinds or min(self.places, self.proposals) < 1:
            raise UsageError(
                "rule llm_infill: expected kinds, and 1 or more places and proposals, found "
                f"{list(self.kinds)}, {self.places} and {self.proposals}"
            )

    @property
    def prompt(self) -> str:
        """Return the name and version of the prompt."""
        return prompt(_PROMPT).version

    def requests(self, parse: Parse) -> list[Request]:
        """Return the requests about a caption; none if it is very long."""
        if len(parse.text) > MAX_CHARACTERS:
            return []
        return [self._request(parse, target) for target in self._places(parse)]

    def slots(self, parse: Parse, outcomes: Sequence[Outcome]) -> Proposals:
        """Return the slots from the outcomes of the same requests, in order."""
        reasons: Counter[str] = Counter()
        if len(parse.text) > MAX_CHARACTERS:
            reasons[TOO_LONG] += 1
            return [], reasons
        slots: list[Slot] = []
        for target, outcome in zip(self._places(parse), outcomes, strict=True):
            if isinstance(outcome, Failure):
                reasons[outcome.reason] += 1
                continue
            words = words_in(outcome.text)
            if words is None:
                reasons[UNPARSABLE] += 1
                continue
            edits = list(self._edits(parse, target, words, reasons))
            if len(edits) > self.proposals:
                reasons["too many"] += len(edits) - self.proposals
            if edits:
                taken = edits[: self.proposals]
                slots.append(Slot("llm_infill", "replace", target.kind, taken, reversible=False))
        return slots, reasons

    def _places(self, parse: Parse) -> list[InfillTarget]:
        found = infill_targets(parse, self.lexicon, self.kinds, is_open=self.is_open)
        return list(found)[: self.places]

    def _request(self, parse: Parse, target: InfillTarget) -> Request:
        token = parse.tokens[target.at]
        found = prompt(_PROMPT)
        before = " ".join(text_at(parse.text, 0, token.start).split())
        after = text_at(parse.text, token.end, len(parse.text))
        own = token.text
        among = None if target.is_open else tuple(sorted(target.apart))
        gapped = f"{before} ___{after}"
        return Request(
            prompt=found.version,
            caption=parse.text,
            messages=chat_messages(found, {"caption": string(gapped), "old": string(own)}),
            max_tokens=_MAX_TOKENS,
            place=json.dumps([token.start, token.end, token.tag]),
            schema=WORDS_SCHEMA,
            gap=Gap(continuation_text(found, parse.text), before, after, own, token.tag, among),
        )

    def _edits(
        self, parse: Parse, target: InfillTarget, words: list[str], reasons: Counter[str]
    ) -> Iterator[Edit]:
        """Yield the edits of proposals that fit the place; count the rejected ones."""
        token = parse.tokens[target.at]
        seen: set[str] = set()
        for word in words:
            new = word.lower().strip(".,;:!?\"'")
            if normalise(new) == normalise(parse.text):
                reasons["repeated caption"] += 1
            elif not new or new == token.text.lower():
                reasons["unchanged"] += 1
            elif len(new.split()) > _MAX_WORDS:
                reasons["too different"] += 1
            elif not is_plain(new):
                reasons["no word"] += 1
            elif not excludes(parse, target, new, self.lexicon):
                reasons["wrong type"] += 1
            elif new in seen:
                reasons[TWICE] += 1
            else:
                seen.add(new)
                yield Edit((Replacement(token.start, token.end, new),))


def is_plain(words: str) -> bool:
    """Tell whether a text consists of words of letters, with single spaces and inner hyphens."""
    return all(
        part.isalpha() and part.isascii() for word in words.split(" ") for part in word.split("-")
    )
