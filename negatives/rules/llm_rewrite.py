"""`llm_rewrite`: the model proposes edits of the given types, as find and replace. Pure."""

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf
from typing import Literal

from data.edits import Edit, edit_between, text_at
from data.errors import UsageError
from data.texts import normalise
from negatives.llm.asking import Proposals
from negatives.llm.prompts import chat_messages, prompt, string
from negatives.llm.reading import TWICE, UNPARSABLE, Proposal, edits_schema, proposals_in
from negatives.llm.requests import MAX_CHARACTERS, TOO_LONG, Failure, Outcome, Request
from negatives.parse import Parse
from negatives.slots import Slot
from negatives.words.lexicon import Lexicon

Kind = Literal["object", "attribute", "action", "relation", "count"]
KINDS: tuple[Kind, ...] = ("object", "attribute", "action", "relation", "count")

_PROMPT = "rewrite-1"
_MAX_TOKENS = 320
_MAX_WORDS = 5  # on either side of an edit
_MAX_SHARE = 0.5  # of the caption's words
_SLOT = {
    "object": ("replace", "obj"),
    "attribute": ("replace", "att"),
    "action": ("replace", "act"),
    "relation": ("replace", "rel"),
    "count": ("count", "num"),
}
_TAGS: Mapping[str, str | tuple[str, ...]] = {  # one of these must be among the removed words
    "object": "NN",
    "attribute": ("JJ", "NN", "VBN"),
    "action": "VB",
    "relation": ("IN", "TO", "RP", "JJ", "RB"),
    "count": ("CD", "DT", "JJ"),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class LlmRewrite:
    """ "a man riding a horse" -> "a man leading a horse".

    One slot per edit of the given `types`. `answers`: the number sampled per caption, at this
    `temperature`. `verify`: whether the model also verifies its edits.
    """

    lexicon: Lexicon
    types: tuple[Kind, ...] = KINDS
    answers: int = 1
    temperature: float = 0.0
    seed: int = 0
    verify: bool = False

    def __post_init__(self) -> None:
        """Reject options that ask nothing, or ask for several identical answers."""
        if not self.types or not 0 <= self.temperature < inf:
            raise UsageError(
                "rule llm_rewrite: expected types, and a temperature of 0 or more, found "
                f"{list(self.types)} and {self.temperature}"
            )
        if self.answers < 1 or (self.answers > 1 and self.temperature <= 0):
            raise UsageError(
                f"rule llm_rewrite: expected one answer, or a temperature above 0, "
                f"found {self.answers} answers at {self.temperature}"
            )

    @property
    def prompt(self) -> str:
        """Return the name and version of the prompt."""
        return prompt(_PROMPT).version

    def requests(self, parse: Parse) -> list[Request]:
        """Return the requests about a caption; none if it is very long."""
        if len(parse.text) > MAX_CHARACTERS or not parse.tokens:
            return []
        found = prompt(_PROMPT)
        values = {"caption": string(parse.text), "types": json.dumps(list(self.types))}
        return [
            Request(
                prompt=found.version,
                caption=parse.text,
                messages=chat_messages(found, values),
                max_tokens=_MAX_TOKENS,
                temperature=self.temperature,
                seed=self.seed,
                place=" ".join(self.types),
                sample=sample,
                schema=edits_schema(self.types),
            )
            for sample in range(self.answers)
        ]

    def slots(self, parse: Parse, outcomes: Sequence[Outcome]) -> Proposals:
        """Return the slots from the outcomes of the same requests, in order."""
        reasons: Counter[str] = Counter()
        if len(parse.text) > MAX_CHARACTERS:
            reasons[TOO_LONG] += 1
        slots: list[Slot] = []
        seen: set[Edit] = set()
        for outcome in outcomes:
            if isinstance(outcome, Failure):
                reasons[outcome.reason] += 1
                continue
            proposals = proposals_in(outcome.text)
            if proposals is None:
                reasons[UNPARSABLE] += 1
                continue
            for proposal in proposals:
                edit = self._edit(parse, proposal)
                if isinstance(edit, str):
                    reasons[edit] += 1
                elif edit in seen:
                    reasons[TWICE] += 1
                else:
                    seen.add(edit)
                    kind, subtype = _SLOT[proposal.type]
                    slots.append(Slot("llm_rewrite", kind, subtype, (edit,), reversible=False))
        return slots, reasons

    def _edit(self, parse: Parse, proposal: Proposal) -> Edit | str:
        """Return the edit of a proposal, or the reason to reject it."""
        find, replace = proposal.find.strip(), " ".join(proposal.replace.split())
        if proposal.type not in self.types:
            return "wrong type"
        if normalise(replace) == normalise(parse.text):
            return "repeated caption"
        if not find or not replace or normalise(find) == normalise(replace):
            return "unchanged"
        places = [
            match.span()
            for match in re.finditer(rf"(?<!\w){re.escape(find)}(?!\w)", parse.text, re.IGNORECASE)
        ]
        if len(places) != 1:
            return "found twice" if places else "not found"
        start, end = places[0]
        changed = "".join((
            text_at(parse.text, 0, start), replace, text_at(parse.text, end, len(parse.text)),
        ))  # fmt: skip
        edit = edit_between(parse.text, changed)
        return "unchanged" if edit is None else _fault(parse, proposal.type, edit) or edit


def _fault(parse: Parse, type_: str, edit: Edit) -> str | None:
    """Return why an edit is rejected: too large, not at whole words, or not of the stated type."""
    starts = {token.start for token in parse.tokens}
    ends = {token.end for token in parse.tokens}
    first, last = edit.replacements[0].start, edit.replacements[-1].end
    num_old = num_new = 0
    for start, end, new in edit.replacements:
        old = text_at(parse.text, start, end)
        if start not in starts or end not in ends or not new.strip() or _marks(old) != _marks(new):
            return "not at words"
        num_old += len(old.split())
        num_new += len(new.split())
    num_words = len(parse.text.split())
    if max(num_old, num_new) > _MAX_WORDS or num_old > _MAX_SHARE * num_words:
        return "too different"
    tags = [token.tag for token in parse.tokens if first <= token.start and token.end <= last]
    return None if any(tag.startswith(_TAGS[type_]) for tag in tags) else "wrong type"


def _marks(text: str) -> list[str]:
    """Return the punctuation marks, which an edit must keep."""
    return [character for character in text if not (character.isalnum() or character in " -")]
