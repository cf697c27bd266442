"""Word order: the n-grams of a caption in another order (FSC-CLIP, Oh et al. 2024, sec. 3.1).

The published recipe joins tokens again and moves the final mark too; here only words are permuted,
and spacing, punctuation and the final mark stay in place.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from math import factorial, prod
from typing import NamedTuple

from data.edits import Edit, Replacement, text_at
from data.errors import UsageError
from negatives.parse import Parse, Token
from negatives.slots import Lazy, Slot

_MARKS = ".,!?"  # the tokenizer keeps the mark of a supposed abbreviation ("av e.")
MAX_BLOCKS = 20  # 20! orders are the most that `len` of a sequence can return


@dataclass(frozen=True, kw_only=True, slots=True)
class Shuffle:
    """ "a red car by a blue bus" -> "a blue car by a red bus".

    `n`: words per block; of more than 20 blocks only the first 20 are shuffled. `remainder`:
    whether the last words, if fewer than `n`, move too, as published; the negative may then not
    lead back to the caption (see `reversible`).

    Raises:
        UsageError: `n` is less than 1.
    """

    n: int = 2
    remainder: bool = False

    def __post_init__(self) -> None:
        """Reject blocks without words."""
        if self.n < 1:
            raise UsageError(f"rule shuffle.n: expected 1 or more, found {self.n}")

    def __call__(self, parse: Parse) -> Iterator[Slot]:
        """Yield one slot: every distinct order of the blocks, by rank."""
        words = tuple(_words(parse))
        blocks = [words[i : i + self.n] for i in range(0, len(words), self.n)][:MAX_BLOCKS]
        moves = bool(blocks) and len(blocks[-1]) < self.n and self.remainder
        if blocks and len(blocks[-1]) < self.n and (not moves or _recurs(words, self.n)):
            blocks.pop()
            moves = False
        orders = _orders_of(blocks)
        if orders.size > 1:
            yield Slot(
                rule="shuffle",
                type="shuffle",
                subtype="order",
                alternatives=Lazy(orders.size - 1, partial(_edit, orders)),
                reversible=not moves,
            )


class _Word(NamedTuple):
    """A word with attached parts ("man's", "t-shirt"), without punctuation at its ends."""

    start: int
    end: int
    text: str


class _Orders(NamedTuple):
    """The distinct orders of `blocks`, where equal blocks have the same number in `kinds`.

    `counts`: how often each kind occurs; `size`: number of orders; `own`: the caption's rank.
    """

    blocks: Sequence[Sequence[_Word]]
    kinds: Sequence[int]
    counts: Sequence[int]
    size: int
    own: int


def _words(parse: Parse) -> Iterator[_Word]:
    """Yield the words of a caption: runs of tokens without a space between them."""
    run: list[Token] = []
    for token in (*parse.tokens, None):
        if run and (token is None or token.start != run[-1].end):
            start = next((t.start for t in run if _has_letter(t)), None)
            if start is not None:
                end = next(t.end for t in reversed(run) if _has_letter(t))
                text = text_at(parse.text, start, end).rstrip(_MARKS)
                yield _Word(start, start + len(text), text)
            run = []
        if token is not None:
            run.append(token)


def _has_letter(token: Token) -> bool:
    return token.pos != "PUNCT" and (token.text.isalnum() or any(c.isalnum() for c in token.text))


def _recurs(words: Sequence[_Word], n: int) -> bool:
    """Tell whether the last, short block also occurs where a full block may start.

    Only then can another order of blocks give the caption's own words.
    """
    texts = [word.text.lower() for word in words]
    length = len(texts) % n
    short = texts[-length:]
    return any(texts[i : i + length] == short for i in range(0, len(texts) - length, n))


def _orders_of(blocks: Sequence[Sequence[_Word]]) -> _Orders:
    """Count the orders of the blocks and find the caption's own rank among them."""
    index: dict[tuple[str, ...], int] = {}
    kinds = [
        index.setdefault(tuple(word.text.lower() for word in block), len(index)) for block in blocks
    ]
    counts = [kinds.count(kind) for kind in range(len(index))]
    size = factorial(len(kinds)) // prod(factorial(count) for count in counts)
    return _Orders(blocks, kinds, counts, size, _rank(kinds, counts, size))


def _rank(kinds: Sequence[int], counts: Sequence[int], size: int) -> int:
    """Return the lexicographic rank of an order of kinds."""
    left = list(counts)
    rank = 0
    for kind, num_left in zip(kinds, range(len(kinds), 0, -1), strict=True):
        rank += sum(size * count // num_left for count in left[:kind])
        size = size * left[kind] // num_left
        left[kind] -= 1
    return rank


def _order(counts: Sequence[int], size: int, rank: int) -> Iterator[int]:
    """Yield the kinds in the order of a rank; the inverse of `_rank`."""
    left = list(counts)
    for num_left in range(sum(counts), 0, -1):
        for kind, count in enumerate(left):
            share = size * count // num_left
            if rank < share:
                yield kind
                left[kind] -= 1
                size = share
                break
            rank -= share


def _edit(orders: _Orders, index: int) -> Edit:
    """Return the edit for the order at a rank, not counting the caption's own order."""
    blocks, kinds, counts, size, own = orders
    rank = index if index < own else index + 1
    waiting: list[list[Sequence[_Word]]] = [[] for _ in counts]
    for kind, block in zip(reversed(kinds), reversed(blocks), strict=True):
        waiting[kind].append(block)
    new = [word for kind in _order(counts, size, rank) for word in waiting[kind].pop()]
    old = [word for block in blocks for word in block]
    return Edit(
        tuple(
            Replacement(target.start, target.end, word.text)
            for target, word in zip(old, new, strict=True)
            if target.text != word.text
        )
    )
