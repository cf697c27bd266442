"""Guards: reject drawn candidates that may still be true or are malformed. Pure.

GUARDS is the whole list, in the order of evaluation; a guard's key is the reason that is counted.
Every guard is symmetric in (caption, negative), which keeps the two exchangeable, except those in
ASYMMETRIC, which compare with the image's other captions.
"""

from bisect import bisect_left
from collections.abc import Callable, Mapping
from functools import cache
from typing import NamedTuple

from data.edits import Edit, text_at
from data.records import TYPES
from negatives.guards.candidate import CandidateView, view_of
from negatives.guards.context import Context, context_of
from negatives.guards.lexical import (
    companion,
    compatible,
    find_mentioned_texts,
    light_noun,
    named_twice,
    names_of_one_thing,
    overlapping,
    quantifier,
    sibling_mentions,
)
from negatives.guards.siblings import NO_SIBLINGS, Siblings, siblings_of, siblings_of_each
from negatives.guards.structure import (
    anaphor,
    one_head,
    pronoun,
    says_the_same,
    sibling_says_so,
    under_negation,
)
from negatives.guards.symmetry import symmetric_relation
from negatives.guards.texts import (
    beyond_the_encoder,
    equal_to_caption,
    equal_to_sibling,
    in_another_order,
    only_leaves_out,
)
from negatives.slots import Slot, Substitutes

__all__ = [
    "ASYMMETRIC",
    "GUARDS",
    "NO_SIBLINGS",
    "CandidateView",
    "Context",
    "Guard",
    "Siblings",
    "context_of",
    "find_mentioned",
    "guard",
    "siblings_of",
    "siblings_of_each",
]


class Guard(NamedTuple):
    """`refuses` returns True to reject; it applies to slots of these `types`."""

    refuses: Callable[[CandidateView], bool]
    types: frozenset[str]


_ALL = frozenset(TYPES)
_KEEPING = _ALL - {"negate", "shuffle"}  # predicates of the changed words are still asserted
_REPLACE, _SWAP = frozenset({"replace"}), frozenset({"swap"})
_PAIRED = _REPLACE | _SWAP  # one content word replaces another

GUARDS: Mapping[str, Guard] = {
    "equal to the caption": Guard(equal_to_caption, _ALL),
    "beyond the text encoder": Guard(beyond_the_encoder, _ALL),
    "only leaves words out": Guard(only_leaves_out, _ALL),
    "light noun": Guard(light_noun, _KEEPING),
    "quantifier": Guard(quantifier, _KEEPING),
    "adjectives of one noun": Guard(one_head, _SWAP),
    "symmetric relation": Guard(symmetric_relation, _SWAP),
    "only in another order": Guard(in_another_order, _SWAP),
    "says the same": Guard(says_the_same, _SWAP),
    "under a negation": Guard(under_negation, _ALL),
    "taken up by another word": Guard(anaphor, _ALL),
    "pronoun left behind": Guard(pronoun, _PAIRED),
    "compatible words": Guard(compatible, _PAIRED),
    "overlapping words": Guard(overlapping, _PAIRED),
    "names of one thing": Guard(names_of_one_thing, _PAIRED),
    "likely there too": Guard(companion, _REPLACE),
    "named twice": Guard(named_twice, _PAIRED),
    "equal to a sibling": Guard(equal_to_sibling, _ALL),
    "a sibling mentions it": Guard(sibling_mentions, _PAIRED | {"count"}),
    "a sibling says so": Guard(sibling_says_so, _PAIRED),
}

ASYMMETRIC = frozenset({"equal to a sibling", "a sibling mentions it", "a sibling says so"})


def find_mentioned(slot: Slot, context: Context) -> list[bool]:
    """Tell for each alternative of a slot whether another caption of the image mentions it."""
    if not context.siblings.lemmas:
        return [False] * len(slot.alternatives)
    alternatives = slot.alternatives
    if isinstance(alternatives, Substitutes) and slot.type == "replace" and slot.subtype != "rel":
        start, end, texts = alternatives.start, alternatives.end, alternatives.texts
        last = bisect_left(context.starts, end) - 1
        if not context.kinds[last]:
            return [False] * len(texts)
        old = text_at(context.text, start, end).lower()
        return find_mentioned_texts(texts, old, context.tags[last], context)
    views = [view_of(slot, edit, "", context) for edit in alternatives]
    return [sibling_mentions(view) or sibling_says_so(view) for view in views]


def guard(slot: Slot, edit: Edit, key: str, context: Context) -> str | None:
    """Return the first reason to reject a drawn alternative; None if there is none.

    `edit` is worded; `key` is the normalised text of the caption after it.
    """
    view = view_of(slot, edit, key, context)
    for reason, refuses in _guards_of(slot.type):
        if refuses(view):
            return reason
    return None


@cache
def _guards_of(type_: str) -> tuple[tuple[str, Callable[[CandidateView], bool]], ...]:
    """Return the guards for a type, each with its reason; all guards for a user-defined type."""
    return tuple([
        (reason, row.refuses)
        for reason, row in GUARDS.items()
        if type_ in row.types or type_ not in _ALL
    ])  # fmt: skip
