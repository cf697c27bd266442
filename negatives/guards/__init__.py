"""Truth guards: is a drawn candidate still true, or out of step with its own caption? Pure.

GUARDS is the whole list, in the order in which they are asked; the key is the reason that is
counted. Every guard is symmetric in (caption, negative), which keeps the two exchangeable, but
those in ASYMMETRIC: what the other captions of an image say is said of its captions alone.
"""

from collections.abc import Callable, Mapping

from negatives.guards.candidate import Candidate, Siblings, View, siblings_of, view_of
from negatives.guards.lexical import (
    companion,
    compatible,
    light_noun,
    named_twice,
    overlapping,
    quantifier,
    sibling_mentions,
)
from negatives.guards.structure import (
    anaphor,
    one_head,
    pronoun,
    symmetric_relation,
    under_negation,
)
from negatives.guards.texts import (
    beyond_the_encoder,
    equal_to_caption,
    equal_to_sibling,
    only_leaves_out,
)
from negatives.lexicon import Lexicon

__all__ = [
    "ASYMMETRIC",
    "GUARDS",
    "Candidate",
    "Guard",
    "Siblings",
    "View",
    "guard",
    "siblings_of",
    "view_of",
]

Guard = Callable[[View, Lexicon], bool]
"""Answers True to refuse."""

GUARDS: Mapping[str, Guard] = {
    "equal to the caption": equal_to_caption,
    "beyond the text encoder": beyond_the_encoder,
    "only leaves words out": only_leaves_out,
    "light noun": light_noun,
    "quantifier": quantifier,
    "adjectives of one noun": one_head,
    "symmetric relation": symmetric_relation,
    "under a negation": under_negation,
    "taken up by another word": anaphor,
    "pronoun left behind": pronoun,
    "compatible words": compatible,
    "overlapping words": overlapping,
    "likely there too": companion,
    "named twice": named_twice,
    "equal to a sibling": equal_to_sibling,
    "a sibling mentions it": sibling_mentions,
}

ASYMMETRIC = frozenset({"equal to a sibling", "a sibling mentions it"})


def guard(candidate: Candidate, lexicon: Lexicon) -> str | None:
    """Return the first reason to refuse a candidate; None if there is none."""
    view = view_of(candidate, lexicon)
    for reason, refuses in GUARDS.items():
        if refuses(view, lexicon):
            return reason
    return None
