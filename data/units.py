"""Units that no edit may split: grapheme clusters and markup.

A grapheme cluster is what a reader sees as one character ("é" with a combining accent, a flag, an
astronaut joined of a woman, a zero-width joiner and a rocket): UAX #29, by `regex`, whose only door
this is. Markup is a tag or placeholder (`<b>`, `<PERSON>`), an entity (`&amp;`), a URL, an e-mail
address, a @mention, a #hashtag or an emoji's :name:. Ordinary ASCII captions cost one search.
"""

import re
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any, NamedTuple

_CLUE = re.compile(r"[<&@#:.\r][\w/!#+\n-]")  # without one of these, ASCII text has no unit
_MARKUP = re.compile(
    r"""
    \r\n
    | <!--[^<>]*-->
    | </?(?P<tag>[A-Za-z][\w:.-]*)(?![\w:.-])[^<>]*>
    | &(?:amp;)*(?:\#\d+|\#[xX][0-9a-fA-F]+|[A-Za-z]\w*);
    | (?<!\w)(?:[A-Za-z][A-Za-z0-9+.-]*://|www\.)[^\s<>]*[^\s<>.,;:!?'")\]}]
    | (?<![\w.+-])[\w.+-]+@\w[\w-]*(?:\.\w[\w-]*)+
    | (?<![\w.-])\w[\w-]*(?:\.\w[\w-]*)*\.(?:com|org|net|edu|gov|io|co|uk|de|info)(?!\.?\w)
      (?:/[^\s<>]*[^\s<>.,;:!?'")\]}])?
    | (?<!\w)@\w+(?:[.@-]\w+)*
    | (?<![\w&])\#(?=\w*[^\W\d])\w+
    | (?<!\w):(?:[A-Za-z][\w+-]*|[+-]1):(?!\w)
    """,
    re.VERBOSE,
)
_UNPAIRED = frozenset({"area", "br", "hr", "img", "input", "wbr"})

Span = tuple[int, int]


class Units(NamedTuple):
    """The spans of a text's units, sorted and disjoint; `pairs`: opening and closing tags."""

    spans: tuple[Span, ...]
    pairs: tuple[tuple[Span, Span], ...] = ()

    def are_split_by(self, spans: Iterable[Span]) -> bool:
        """Tell whether one of the spans begins or ends inside a unit, or has one tag of a pair."""
        return any(
            any(first < start < last or first < end < last for first, last in self.spans)
            or any((start <= a < end) != (start <= b < end) for (a, _), (b, _) in self.pairs)
            for start, end in spans
        )


NO_UNITS = Units(())


def units_of(text: str) -> Units:
    """Return the units of a text; single code points are not units."""
    has_markup = _CLUE.search(text) is not None
    if not has_markup and text.isascii():
        return NO_UNITS
    found = list(_MARKUP.finditer(text)) if has_markup else []
    spans = [match.span() for match in found]
    if not text.isascii():
        spans += _clusters(text)
    return Units(tuple(_apart(sorted(spans))), tuple(_pairs(found))) if spans else NO_UNITS


def _apart(spans: Iterable[Span]) -> Iterator[Span]:
    """Yield sorted spans, those that overlap as one."""
    current: Span | None = None
    for start, end in spans:
        if current is not None and start < current[1]:
            current = (current[0], max(current[1], end))
            continue
        if current is not None:
            yield current
        current = (start, end)
    if current is not None:
        yield current


def _pairs(found: Iterable[re.Match[str]]) -> Iterator[tuple[Span, Span]]:
    """Yield each opening tag with the tag that closes it."""
    opened: list[tuple[str, Span]] = []
    for match in found:
        name = (match["tag"] or "").lower()
        if not name or name in _UNPAIRED or match[0].endswith("/>"):
            continue
        if not match[0].startswith("</"):
            opened.append((name, match.span()))
            continue
        at = next((at for at in reversed(range(len(opened))) if opened[at][0] == name), None)
        if at is not None:
            yield opened[at][1], match.span()
            del opened[at:]


def _clusters(text: str) -> Iterator[Span]:
    """Yield the grapheme clusters of several code points."""
    joining, cluster = _patterns()
    if joining.search(text):
        for match in cluster.finditer(text):
            start, end = match.span()
            if end - start > 1:
                yield start, end


@cache
def _patterns() -> tuple[Any, Any]:
    """Return what finds a character that may join others, and what finds a cluster."""
    import regex  # noqa: PLC0415 - for texts beyond ASCII alone

    return regex.compile(r"[^\p{Grapheme_Cluster_Break=Other}]"), regex.compile(r"\X")
