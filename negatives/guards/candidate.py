"""A candidate as guards see it: its changes, and the pairs of words that are exchanged."""

from bisect import bisect_left, bisect_right
from collections.abc import Container
from typing import NamedTuple

from data.edits import Edit, text_at
from negatives.guards.content import JOINS_NOUN, KIND, VERB, lemma_of
from negatives.guards.context import Context
from negatives.slots import Slot
from negatives.words.lexicon import Lexicon

_ARTICLES = frozenset({"a", "an"})


class Change(NamedTuple):
    """One replacement, without corrected articles and capitals.

    It replaces the tokens `first` to `last` (inclusive; `last` = `first` - 1 for an insertion);
    `head` is the one whose own head lies outside; `old` and `new` are lower-case.
    """

    first: int
    last: int
    head: int
    old: str
    new: str


class LemmaPair(NamedTuple):
    """Two lemmas of one part of speech, one of which replaces the other."""

    old: str
    new: str
    pos: str


class CandidateView(NamedTuple):
    """A drawn alternative as guards see it.

    `key`: the negative's normalised text. `changes`: in order. `is_swap`: two words or phrases are
    swapped. `pairs`: the content words that replace each other, in a swap or a replacement.
    """

    context: Context
    slot: Slot
    key: str
    changes: tuple[Change, ...]
    is_swap: bool
    pairs: tuple[LemmaPair, ...]


def view_of(slot: Slot, edit: Edit, key: str, context: Context) -> CandidateView:
    """Return a worded edit as guards see it; `key` is the normalised result."""
    changes = _changes(edit, context)
    is_swap = slot.type == "swap" and len(changes) == 2
    pairs: tuple[LemmaPair, ...] = ()
    if slot.type == "replace":
        pairs = _replaced_pairs(changes, context)
    elif is_swap:
        pairs = _swapped_pairs(changes, context, is_phrase=slot.subtype == "np")
    return CandidateView(context, slot, key, changes, is_swap, pairs)


def changed_tokens(view: CandidateView) -> Container[int]:
    """Return the caption's tokens that a change replaces."""
    if len(view.changes) == 1:
        return range(view.changes[0].first, view.changes[0].last + 1)
    return frozenset([i for change in view.changes for i in range(change.first, change.last + 1)])


def _changes(edit: Edit, context: Context) -> tuple[Change, ...]:
    """Return the changes, ignoring a/an and capitals."""
    starts, ends = context.starts, context.ends
    changes: list[Change] = []
    for start, end, replacement in edit.replacements:
        old, new = text_at(context.text, start, end).lower(), replacement.lower()
        if old == new or (old in _ARTICLES and new in _ARTICLES):
            continue
        first = bisect_right(ends, start)
        last = bisect_left(starts, end, first) - 1
        head = first if first == last else _head_of(first, last, context)
        changes.append(Change(first, last, head, old, new))
    return tuple(changes)


def _head_of(first: int, last: int, context: Context) -> int:
    """Return the last content word whose head is outside the tokens, or else the last token."""
    for index in range(last, first - 1, -1):
        head = context.heads[index]
        if context.kinds[index] and (head < first or head > last or head == index):
            return index
    return min(max(last, first), len(context.heads) - 1)


def _replaced_pairs(changes: tuple[Change, ...], context: Context) -> tuple[LemmaPair, ...]:
    """Return the content words of a replacement, each with its substitute."""
    kinds, tags, lexicon = context.kinds, context.tags, context.lexicon
    return tuple([
        _replaced_pair(old, new, tags[last], lexicon)
        for first, last, _, old, new in changes
        if last >= first and kinds[last]
    ])  # fmt: skip


def _replaced_pair(old: str, new: str, tag: str, lexicon: Lexicon) -> LemmaPair:
    return LemmaPair(lemma_of(old, tag, lexicon), lemma_of(new, tag, lexicon), KIND[tag])


def _swapped_pairs(
    changes: tuple[Change, ...], context: Context, *, is_phrase: bool
) -> tuple[LemmaPair, ...]:
    """Return the two words of a swap, compounds whole, or the heads of its two phrases."""
    one, other = changes
    kind = context.kinds[one.head]
    if not kind or kind != context.kinds[other.head]:
        return ()
    lemmas = [
        context.lemmas[head]
        if is_phrase
        or kind == VERB
        or (first != head and not JOINS_NOUN.issuperset(context.tags[first:head]))
        else lemma_of(old, context.tags[head], context.lexicon)
        for first, _, head, old, _ in changes
    ]
    return (LemmaPair(lemmas[0], lemmas[1], kind),)
