"""Slots as arrays: of each candidate the words around the change, and its pairs of words.

A slot's candidates are its caption, first, and its alternatives. Only what differs among them is
looked at: the words that change with three more on either side, and the pairs and neighbours of the
changed phrases' heads. The rest of the caption has the same share in every candidate's probability.
"""

from collections.abc import Sequence
from itertools import pairwise

from data.edits import text_at
from negatives.fluency.captions import PADDING, View
from negatives.fluency.words import PAD, Words
from negatives.slots import Slot

MOST_CANDIDATES = 4096  # of a slot, the caption among them
_SUBJECTS = frozenset(("nsubj", "nsubjpass"))

Ids = tuple[int, ...]
Span = tuple[int, int, int]
"""First token, last token, and the token that heads them."""


class Block:
    """Candidates of many slots, in order, as flat lists, which numpy takes up as they are.

    `sizes[slot]`: its number of candidates; `folds[slot]`: whose counts are to be left out;
    `companions[slot]`: the word that the changed phrase goes with, its subject or governor.
    `windows[width]`: one after another, windows with `width` words in the place of the change;
    `window_of[width]`: their candidates. `characters[candidate]`: the length of what stands there,
    `names[candidate]`: all of it as one word. `pairs`: (candidate, relation, head, dependant), the
    words by number. Where a slot changes one phrase, its pairs differ in one word alone: `spans`
    has them once for the slot, as (first candidate, number of candidates, relation, other word,
    whether the other is the head), and `beside` the other content words, as (first candidate,
    number, other word); `heads[candidate]` is the differing word.
    """

    def __init__(self, words: Words) -> None:
        """Start with no slot."""
        self.words = words
        self.sizes: list[int] = []
        self.folds: list[int] = []
        self.heads: list[int] = []
        self.characters: list[int] = []
        self.names: list[int] = []
        self.companions: list[int] = []
        self.windows: dict[int, list[int]] = {}
        self.window_of: dict[int, list[int]] = {}
        self.pairs: list[tuple[int, str, int, int]] = []
        self.spans: list[tuple[int, int, str, int, bool]] = []
        self.beside: list[tuple[int, int, int]] = []

    def add(self, view: View, slots: Sequence[Slot], fold: int) -> list[bool]:
        """Add the slots of a caption; return which of them could be laid out.

        Those could not whose alternatives change parts of words, or places that overlap, or are
        more than MOST_CANDIDATES: the orders of ten words are millions.
        """
        tokens = view.parse.tokens
        starts = {token.start: index for index, token in enumerate(tokens)}
        ends = {token.end: index for index, token in enumerate(tokens)}
        added: list[bool] = []
        for slot in slots:
            edits = list(slot.alternatives) if len(slot.alternatives) < MOST_CANDIDATES else []
            places = sorted({(start, end) for edit in edits for start, end, _ in edit.replacements})
            added.append(
                bool(places)
                and all(start in starts and end in ends for start, end in places)
                and all(left[1] <= right[0] for left, right in pairwise(places))
            )
            if not added[-1]:
                continue
            first = len(self.heads)
            self.sizes.append(1 + len(edits))
            self.folds.append(fold)
            spans = [_span(view, starts[start], ends[end]) for start, end in places]
            if len(spans) == 1:
                texts = [edit.replacements[0].text for edit in edits]
                self._add_phrases(view, spans[0], texts, first)
            else:
                own = [text_at(view.parse.text, start, end) for start, end in places]
                self.companions.append(PAD)
                self._add_texts(view, spans, own)
                for edit in edits:
                    put_in = {(start, end): text for start, end, text in edit.replacements}
                    texts = [put_in.get(place, old) for place, old in zip(places, own, strict=True)]
                    self._add_texts(view, spans, texts)
        return added

    def _add_phrases(self, view: View, span: Span, texts: Sequence[str], first: int) -> None:
        """Add the candidates of a slot that changes one phrase."""
        first_token, last_token, head = span
        start, end = view.place[first_token], view.place[last_token] + 1
        row = view.row
        own = tuple(row[start:end])
        before = row[start - PADDING : start]
        after = _after(row, end)
        ids_of, id_of = self.words.ids_of, self.words.id_of
        own_head = row[view.place[head]]
        self._add_window(before, own, after, own_head)
        tokens = view.parse.tokens
        self.characters.append(tokens[last_token].end - tokens[first_token].start)
        self.names.append(
            id_of(" ".join([token.text for token in tokens[first_token : last_token + 1]]))
        )
        for text in texts:
            ids = ids_of(text)
            self._add_window(before, ids, after, ids[-1] if ids else PAD)
            self.characters.append(len(text))
            self.names.append(id_of(text))
        size = 1 + len(texts)
        companion = PAD
        for relation, governor, dependant in view.pairs:
            if governor == head:
                if not first_token <= dependant <= last_token:
                    other = row[view.place[dependant]]
                    self.spans.append((first, size, relation, other, False))
                    if relation in _SUBJECTS:
                        companion = other
            elif dependant == head and not first_token <= governor <= last_token:
                other = row[view.place[governor]]
                self.spans.append((first, size, relation, other, True))
                companion = companion or other
        self.companions.append(companion)
        for index in view.content:
            if not first_token <= index <= last_token:
                self.beside.append((first, size, row[view.place[index]]))

    def _add_texts(self, view: View, spans: Sequence[Span], texts: Sequence[str]) -> None:
        """Add one candidate that has these texts in the places of several phrases."""
        row, place = view.row, view.place
        start, end = place[spans[0][0]], place[spans[-1][1]] + 1
        words: list[int] = []
        heads: dict[int, int] = {}
        position = start
        for (first, last, head), text in zip(spans, texts, strict=True):
            ids = self.words.ids_of(text)
            heads[head] = ids[-1] if ids else PAD
            words += row[position : place[first]]
            words += ids
            position = place[last] + 1
        candidate = len(self.heads)
        self._add_window(row[start - PADDING : start], tuple(words), _after(row, end), PAD)
        self.characters.append(sum(map(len, texts)))
        self.names.append(self.words.id_of(" / ".join(texts)))
        for relation, governor, dependant in view.pairs:
            if (governor in heads or dependant in heads) and not (
                _is_within(governor, spans, heads) or _is_within(dependant, spans, heads)
            ):
                ends = (heads.get(i, row[place[i]]) for i in (governor, dependant))
                self.pairs.append((candidate, relation, *ends))  # type: ignore[arg-type]

    def _add_window(self, before: list[int], ids: Ids, after: list[int], head: int) -> None:
        width = len(ids)
        window = self.windows.get(width)
        if window is None:
            window = self.windows[width] = []
            self.window_of[width] = []
        window += before
        window += ids
        window += after
        self.window_of[width].append(len(self.heads))
        self.heads.append(head)


def _after(row: list[int], end: int) -> list[int]:
    after = row[end : end + PADDING]
    return after + [PAD] * (PADDING - len(after))


def _span(view: View, first: int, last: int) -> Span:
    """Return a phrase with the token that heads it: whose own head is outside."""
    tokens = view.parse.tokens
    for index in range(last, first - 1, -1):
        if not first <= tokens[index].head <= last or tokens[index].head == index:
            return first, last, index
    return first, last, last


def _is_within(token: int, spans: Sequence[Span], heads: dict[int, int]) -> bool:
    """Tell whether a token moves with a phrase that another token heads."""
    return token not in heads and any(first <= token <= last for first, last, _ in spans)
