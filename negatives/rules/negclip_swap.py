"""NegCLIP's swaps: two phrases of one category are swapped (Yuksekgonul et al. 2023).

The published recipe draws a pair of phrases in each category with at least two, drops equal pairs,
and keeps one of the remaining pairs uniformly. The weights here combine these steps: they are
comparable across all slots of a caption, so that one weighted draw from all alternatives is one
negative of the recipe.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from math import comb
from typing import Literal, NamedTuple

from data.edits import Edit, Replacement, text_at
from negatives.parse import Parse, Token
from negatives.slots import Lazy, Slot

_VERBAL = frozenset(("VERB", "AUX", "ADV"))
_MIN_NOUN_PHRASE_TOKENS = 3


class _Span(NamedTuple):
    """A phrase: the caption's characters from `start` to `end`."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class NegclipSwap:
    """ "a red car and a blue bus" -> "a blue car and a red bus".

    One slot per category, in this order: noun phrases of at least three tokens (np), verbs (act),
    NN (obj), NNS (obj), adverbs (att), adjectives (att). A slot's alternatives are all pairs with
    different texts; they exclude each other, but the recipe's choice is not exchangeable.

    `verbs`: "phrases" with auxiliaries and adverbs, as in FSC-CLIP, or "gerunds", single words
    tagged VBG, as in NegCLIP's published file.
    """

    verbs: Literal["phrases", "gerunds"] = "phrases"

    def __call__(self, parse: Parse) -> Iterator[Slot]:
        """Yield a slot for each category with two different phrases."""
        categories = [
            (subtype, spans, _first_ranks(spans))
            for subtype, found in _categories(parse, self.verbs)
            if len(spans := [span for span in found if _has_letter(span)]) > 1
        ]
        chances = [ranks[-1] / comb(len(spans), 2) for _, spans, ranks in categories]
        for (subtype, spans, ranks), share in zip(categories, _shares(chances), strict=True):
            size = ranks[-1]
            if size:
                yield Slot(
                    rule="negclip_swap",
                    type="swap",
                    subtype=subtype,
                    alternatives=Lazy(size, partial(_swap, spans, ranks)),
                    reversible=False,
                    weights=(share / size,) * size,
                )


def _has_letter(span: _Span) -> bool:
    """Tell whether a phrase consists of words, not of mistagged punctuation or numbers."""
    return any(character.isalpha() for character in span.text)


def _categories(parse: Parse, verbs: str) -> Iterator[tuple[str, list[_Span]]]:
    """Yield the published categories in order, each with its phrases in caption order."""
    tokens = parse.tokens
    yield (
        "np",
        [
            _span(parse, chunk.first, chunk.last)
            for chunk in parse.chunks
            if chunk.last - chunk.first + 1 >= _MIN_NOUN_PHRASE_TOKENS
        ],
    )
    if verbs == "gerunds":
        yield "act", _spans_with_tag(tokens, "VBG")
    else:
        yield "act", [_span(parse, first, last) for first, last in _verb_phrases(tokens)]
    yield "obj", _spans_with_tag(tokens, "NN")
    yield "obj", _spans_with_tag(tokens, "NNS")
    for pos in ("ADV", "ADJ"):
        yield "att", [_Span(t.start, t.end, t.text) for t in tokens if t.pos == pos]


def _spans_with_tag(tokens: Sequence[Token], tag: str) -> list[_Span]:
    return [_Span(t.start, t.end, t.text) for t in tokens if t.tag == tag]


def _span(parse: Parse, first: int, last: int) -> _Span:
    start, end = parse.tokens[first].start, parse.tokens[last].end
    return _Span(start, end, text_at(parse.text, start, end))


def _verb_phrases(tokens: Sequence[Token]) -> list[tuple[int, int]]:
    """Return the disjoint matches (first, last) of `VERB? ADV* AUX* VERB+`, longest first.

    Among overlapping matches the longest is kept, among equally long ones the leftmost.
    """
    found: list[tuple[int, int]] = []
    windows = list(_verbal_runs(tokens))
    while windows:
        low, high = windows.pop()
        matches = [
            (_first_of_match(tokens, low, last), last)
            for last in range(low, high)
            if tokens[last].pos == "VERB"
        ]
        if matches:
            first, last = max(matches, key=lambda match: (match[1] - match[0], -match[0]))
            found.append((first, last))
            windows += ((low, first), (last + 1, high))
    return sorted(found)


def _verbal_runs(tokens: Sequence[Token]) -> Iterator[tuple[int, int]]:
    """Yield the longest runs (low, high) of verbs, auxiliaries and adverbs."""
    low = 0
    for index, token in enumerate(tokens):
        if token.pos not in _VERBAL:
            if low < index:
                yield low, index
            low = index + 1
    if low < len(tokens):
        yield low, len(tokens)


def _first_of_match(tokens: Sequence[Token], low: int, last: int) -> int:
    """Return the start, at least `low`, of the longest match that ends with the verb at `last`."""
    first = last
    for pos in ("VERB", "AUX", "ADV"):
        while first > low and tokens[first - 1].pos == pos:
            first -= 1
    return first - 1 if first > low and tokens[first - 1].pos == "VERB" else first


def _first_ranks(spans: Sequence[_Span]) -> list[int]:
    """Return the cumulative number of unlike pairs by first span."""
    ahead = Counter(span.text for span in spans)
    num_ahead, total = len(spans), 0
    ranks: list[int] = []
    for span in spans:
        total += num_ahead - ahead[span.text]
        ranks.append(total)
        num_ahead -= 1
        ahead[span.text] -= 1
    return ranks


def _swap(spans: Sequence[_Span], ranks: Sequence[int], rank: int) -> Edit:
    """Return the swap of the unlike pair at `rank`, with pairs in the order of their first span."""
    index = bisect_right(ranks, rank)
    left = spans[index]
    skipped = rank - (ranks[index - 1] if index else 0)
    unlike = (span for span in islice(spans, index + 1, None) if span.text != left.text)
    right = next(islice(unlike, skipped, None))
    return Edit(
        (
            Replacement(left.start, left.end, right.text),
            Replacement(right.start, right.end, left.text),
        )
    )


def _shares(chances: Sequence[float]) -> list[float]:
    """Return each category's probability of supplying the negative.

    Category c independently draws a pair of unlike phrases with `chances[c]`; one of those that did
    is chosen: E[1 / (number that did); c did].
    """
    shares: list[float] = []
    for index, chance in enumerate(chances):
        num_others = [1.0]  # [k]: probability that k of the other categories drew an unlike pair
        for other in (*chances[:index], *chances[index + 1 :]):
            missed = [share * (1 - other) for share in num_others] + [0.0]
            drew = [0.0] + [share * other for share in num_others]
            num_others = [a + b for a, b in zip(missed, drew, strict=True)]
        shares.append(chance * sum(share / (k + 1) for k, share in enumerate(num_others)))
    return shares
