"""Where a caption and its negative differ, as pieces to show."""

from collections.abc import Sequence
from typing import NamedTuple

from data.edits import text_at

Spans = Sequence[tuple[int, int]]


class Piece(NamedTuple):
    """A piece of a text, and whether it differs."""

    text: str
    marked: bool


def pieces(text: str, spans: Spans) -> list[Piece]:
    """Cut a text into the spans and what is between them.

    Spans are sorted and disjoint, offsets in Unicode code points; an empty span is an empty piece.
    """
    found: list[Piece] = []
    position = 0
    for start, end in spans:
        found += (
            Piece(text_at(text, position, start), marked=False),
            Piece(text_at(text, start, end), marked=True),
        )
        position = end
    found.append(Piece(text_at(text, position, len(text)), marked=False))
    return [piece for piece in found if piece.text or piece.marked]


def spans_before(caption: str, text: str, spans: Spans) -> tuple[tuple[int, int], ...]:
    """Return the caption's spans that these spans of the edited text replaced.

    What is between the spans is in both texts. If it fits into the caption in several ways, or in
    none, nothing is returned.
    """
    ends = [0, *(end for _, end in spans)]
    starts = [*(start for start, _ in spans), len(text)]
    first, *between = [text_at(text, *pair) for pair in zip(ends, starts, strict=True)]
    if not between or not caption.startswith(first) or not caption.endswith(between[-1]):
        return ()
    begin, end = len(first), len(caption) - len(between.pop())
    early = _locate_early(caption, between, begin, end)
    if begin > end or early is None or early != _locate_late(caption, between, begin, end):
        return ()
    gap_starts = [begin, *(after for _, after in early)]
    gap_ends = [*(start for start, _ in early), end]
    return tuple(zip(gap_starts, gap_ends, strict=True))


def _locate_early(
    caption: str, stretches: Sequence[str], begin: int, end: int
) -> list[tuple[int, int]] | None:
    """Return the spans of the kept stretches, each as early as possible; None if none fit."""
    spans = []
    for stretch in stretches:
        start = caption.find(stretch, begin, end)
        if start < 0:
            return None
        begin = start + len(stretch)
        spans.append((start, begin))
    return spans


def _locate_late(
    caption: str, stretches: Sequence[str], begin: int, end: int
) -> list[tuple[int, int]] | None:
    """Return the spans of the kept stretches, each as late as possible; None if none fit."""
    spans = []
    for stretch in reversed(stretches):
        start = caption.rfind(stretch, begin, end)
        if start < 0:
            return None
        spans.append((start, start + len(stretch)))
        end = start
    return spans[::-1]
