"""Slots as arrays: for each candidate the words around the change, and its pairs of words.

A slot's candidates are its caption, first, and its alternatives. Only what differs among them is
used: the changed words with two more on either side, and the pairs and neighbours of the changed
phrases' heads. The rest of the caption contributes equally to every candidate's probability.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from data.edits import text_at
from negatives.fluency.captions import PADDING, IndexedCaption
from negatives.fluency.words import PAD, Words, name_hash
from negatives.slots import Slot, Substitutes

MOST_CANDIDATES = 4096  # of a slot, including the caption
COVERAGE = {
    "replace/obj": 1.0, "replace/att": 1.0, "replace/act": 1.0, "swap/att": 1.0,
    "swap/np": 2.0, "swap/obj": 2.0, "swap/act": 2.0,
}  # fmt: skip
"""Kinds that change content words, for which context coverage is required.

The number multiplies the share of words that they must have been seen with. A swap of things or
actions changes two places, and both must make sense.
"""

STRICT_COVERAGE = 1.5


Ints = NDArray[np.int64]
Span = tuple[int, int, int]
"""First token, last token, and the token that heads them."""


class Windows(NamedTuple):
    """N windows of one width: `ids` N x (PADDING + width + PADDING), `candidate` N."""

    ids: Ints
    candidate: Ints


@dataclass(slots=True)
class _Middles:
    """The changed words of candidates, of one width: `counts[i]` of them in `slots[i]`."""

    slots: list[int] = field(default_factory=list)
    counts: list[int] = field(default_factory=list)
    ids: list[int] = field(default_factory=list)
    candidates: list[int] = field(default_factory=list)


class Block:
    """Candidates of many slots, in order, as flat lists for numpy.

    `sizes[slot]`: its number of candidates; `folds[slot]`: the fold whose counts are left out;
    `coverage[slot]`: COVERAGE of its kind, 0 for other kinds; `needs_full_coverage[slot]`:
    whether every pair must have been seen, and STRICT_COVERAGE times as much.
    `characters[candidate]`: the length of the changed text, `names[candidate]`: its hash. Pairs of
    words are concatenated as numbers: `pairs` has candidate, relation, head, dependant. If a slot
    changes one phrase, its pairs differ only in one word, `heads[candidate]`: `spans` has them once
    per slot, as first candidate, number of candidates, relation, other word, whether the other is
    the head; and `beside` the other content words, as first candidate, number, other word.
    """

    def __init__(self, words: Words) -> None:
        """Start empty."""
        self.words = words
        self.sizes: list[int] = []
        self.folds: list[int] = []
        self.coverage: list[float] = []
        self.needs_full_coverage: list[bool] = []
        self.heads: list[int] = []
        self.characters: list[int] = []
        self.names: list[int] = []
        self.pairs: list[int] = []
        self.spans: list[int] = []
        self.beside: list[int] = []
        self._around: list[int] = []  # the PADDING words before and after each slot
        self._middles: dict[int, _Middles] = {}

    def add(self, view: IndexedCaption, slots: Sequence[Slot], fold: int) -> list[bool]:
        """Add the slots of a caption; return which of them could be laid out.

        A slot cannot be laid out if its alternatives change parts of words or overlapping spans, or
        number more than MOST_CANDIDATES: ten words have millions of orders.
        """
        tokens = view.parse.tokens
        starts = {token.start: index for index, token in enumerate(tokens)}
        ends = {token.end: index for index, token in enumerate(tokens)}
        return [self._add(view, slot, fold, starts, ends) for slot in slots]

    def _add(
        self,
        view: IndexedCaption,
        slot: Slot,
        fold: int,
        starts: dict[int, int],
        ends: dict[int, int],
    ) -> bool:
        replaced, texts = _texts_of(slot, view.parse.text)
        if (
            not replaced
            or not all(start in starts and end in ends for start, end in replaced)
            or not all(left[1] <= right[0] for left, right in pairwise(replaced))
        ):
            return False
        self.sizes.append(1 + len(texts[0]))
        self.folds.append(fold)
        coverage = COVERAGE.get(f"{slot.type}/{slot.subtype}", 0.0)
        self.coverage.append(STRICT_COVERAGE * coverage if slot.needs_full_coverage else coverage)
        self.needs_full_coverage.append(slot.needs_full_coverage)
        spans = [_span(view, starts[start], ends[end]) for start, end in replaced]
        first, last = view.position[spans[0][0]], view.position[spans[-1][1]] + 1
        after = view.row[last : last + PADDING]
        self._around += view.row[first - PADDING : first]
        self._around += after + [PAD] * (PADDING - len(after))
        if len(spans) == 1:
            first = len(self.heads)
            self._add_phrases(view, spans[0], texts[0])
            # A parser attaches "next to" and "on" differently: pairs would reveal the caption.
            if slot.subtype != "rel":
                self._add_context(view, spans[0], first, 1 + len(texts[0]))
        else:
            own = [text_at(view.parse.text, start, end) for start, end in replaced]
            self._add_swap(view, spans, (own, *zip(*texts, strict=True)))
        return True

    def windows(self) -> Iterator[Windows]:
        """Yield the windows of all candidates, one width at a time."""
        around = np.array(self._around, np.int64).reshape(-1, 2 * PADDING)
        for width, middles in self._middles.items():
            slot = np.repeat(np.array(middles.slots, np.int64), middles.counts)
            ids = np.array(middles.ids, np.int64).reshape(len(slot), width)
            before, after = around[slot, :PADDING], around[slot, PADDING:]
            yield Windows(np.hstack((before, ids, after)), np.array(middles.candidates, np.int64))

    def _add_phrases(self, view: IndexedCaption, span: Span, texts: tuple[str, ...]) -> None:
        """Add the candidates of a slot that changes one phrase."""
        first_token, last_token, _ = span
        tokens, row, position = view.parse.tokens, view.row, view.position
        first = len(self.heads)
        own = row[position[first_token] : position[last_token] + 1]
        self._add_middle(own)
        self.heads.append(own[-1] if own else PAD)  # as for any text, whatever the parser says
        start, end = tokens[first_token].start, tokens[last_token].end
        self.characters.append(end - start)
        self.names.append(name_hash(text_at(view.parse.text, start, end)))
        phrases = self.words.phrases(texts)
        for width, (which, ids) in phrases.by_width.items():
            middles = self._of_width(width)
            middles.slots.append(len(self.sizes) - 1)
            middles.counts.append(len(which))
            middles.ids += ids
            middles.candidates += [first + 1 + index for index in which]
        self.heads += phrases.heads
        self.characters += phrases.characters
        self.names += phrases.names

    def _add_context(self, view: IndexedCaption, span: Span, first: int, size: int) -> None:
        """Add the words that go with the phrase that `size` candidates change."""
        first_token, last_token, head = span
        row, position, id_of = view.row, view.position, self.words.id_of
        for relation, governor, dependant in view.pairs:
            if governor == head:
                if not first_token <= dependant <= last_token:
                    other = row[position[dependant]]
                    self.spans += (first, size, id_of(relation), other, False)
            elif dependant == head and not first_token <= governor <= last_token:
                other = row[position[governor]]
                self.spans += (first, size, id_of(relation), other, True)
        for index in view.content:
            if not first_token <= index <= last_token:
                self.beside += (first, size, row[position[index]])

    def _add_swap(
        self, view: IndexedCaption, spans: Sequence[Span], candidates: Iterable[Sequence[str]]
    ) -> None:
        """Add candidates that replace several phrases by different texts."""
        row, position, id_of, ids_of = view.row, view.position, self.words.id_of, self.words.ids_of
        heads = {head: number for number, (_, _, head) in enumerate(spans)}
        inside = {i for first, last, _ in spans for i in range(first, last + 1)} - heads.keys()
        pairs = [
            (
                id_of(relation),
                row[position[head]],
                row[position[end]],
                heads.get(head),
                heads.get(end),
            )
            for relation, head, end in view.pairs
            if (head in heads or end in heads) and head not in inside and end not in inside
        ]
        gaps = [
            row[position[left[1]] + 1 : position[right[0]]] for left, right in pairwise(spans)
        ] + [[]]
        for texts in candidates:
            phrases = [ids_of(text) for text in texts]
            candidate = len(self.heads)
            words: list[int] = []
            for phrase, gap in zip(phrases, gaps, strict=True):
                words += phrase
                words += gap
            self._add_middle(words)
            self.heads.append(PAD)
            self.characters.append(sum(map(len, texts)))
            self.names.append(name_hash(" / ".join(texts)))
            moved = [phrase[-1] if phrase else PAD for phrase in phrases]
            for relation, head, dependant, new_head, new_dependant in pairs:
                self.pairs += (
                    candidate,
                    relation,
                    head if new_head is None else moved[new_head],
                    dependant if new_dependant is None else moved[new_dependant],
                )

    def _add_middle(self, ids: Sequence[int]) -> None:
        """Add the changed words of the next candidate."""
        middles = self._of_width(len(ids))
        middles.slots.append(len(self.sizes) - 1)
        middles.counts.append(1)
        middles.ids += ids
        middles.candidates.append(len(self.heads))

    def _of_width(self, width: int) -> _Middles:
        middles = self._middles.get(width)
        if middles is None:
            middles = self._middles[width] = _Middles()
        return middles


def _texts_of(slot: Slot, text: str) -> tuple[list[tuple[int, int]], list[tuple[str, ...]]]:
    """Return the spans that a slot changes, and each alternative's text for each of them.

    No spans if there are no alternatives or too many.
    """
    alternatives = slot.alternatives
    if isinstance(alternatives, Substitutes):
        return [(alternatives.start, alternatives.end)], [alternatives.texts]
    edits = list(alternatives) if len(alternatives) < MOST_CANDIDATES else []
    new = [{(start, end): put_in for start, end, put_in in edit.replacements} for edit in edits]
    spans = sorted({span for texts in new for span in texts})
    own = [text_at(text, start, end) for start, end in spans]
    return spans, [
        tuple([texts.get(span, old) for texts in new]) for span, old in zip(spans, own, strict=True)
    ]


def _span(view: IndexedCaption, first: int, last: int) -> Span:
    """Return a phrase with its head: the token whose own head is outside."""
    tokens = view.parse.tokens
    for index in range(last, first - 1, -1):
        if not first <= tokens[index].head <= last or tokens[index].head == index:
            return first, last, index
    return first, last, last
