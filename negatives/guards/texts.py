"""Guards that compare the two texts. Each returns True to reject. Pure."""

from collections.abc import Sequence

from negatives.guards.candidate import CandidateView
from negatives.guards.context import MAX_TOKENS, SEPARATORS
from negatives.guards.tables import words

_UNHEARD = frozenset({"a", "an", "the", "one", "to", "on", ".", "!"})


def equal_to_caption(view: CandidateView) -> bool:
    """Reject a text that differs from the caption only in case, punctuation, spacing or a/an."""
    return not view.changes or view.key == view.context.key


def equal_to_sibling(view: CandidateView) -> bool:
    """Reject a text equal to another caption of the image; asymmetric."""
    return view.key in view.context.siblings.texts


def beyond_the_encoder(view: CandidateView) -> bool:
    """Reject a change so late in the caption that CLIP's text encoder does not see it."""
    return bool(view.changes) and view.changes[0].first >= MAX_TOKENS


def only_leaves_out(view: CandidateView) -> bool:
    """Reject a text that says less than the other and denies nothing, since it is true as well.

    Adding or removing a negation does deny.
    """
    if view.slot.subtype == "rel":  # "in front of" does not say more than "in"
        return False
    shorter = longer = bool(view.changes)
    moved: set[str] = set()
    for change in view.changes:
        old, new = change.old.split(), change.new.split()
        if len(old) == len(new):
            return False
        shorter = shorter and _is_part_of(new, old)
        longer = longer and _is_part_of(old, new)
        if not shorter and not longer:
            return False
        moved.update(old, new)
    negations = words().negations
    return not any(word in negations or word.endswith(("n't", "n\u2019t")) for word in moved)


def in_another_order(view: CandidateView) -> bool:
    """Reject a swap after which the caption lists the same things in another order.

    "The bench is blue and the car is blue"; "a cup, a table and a dog".
    """
    if not view.is_swap:
        return False
    (first, last, *_), (first_2, last_2, *_) = view.changes
    words = view.context.words
    if SEPARATORS.isdisjoint(words[last + 1 : first_2]):
        return False
    after = (
        *words[:first], *words[first_2 : last_2 + 1], *words[last + 1 : first_2],
        *words[first : last + 1], *words[last_2 + 1 :],
    )  # fmt: skip
    return _side_by_side(words) == _side_by_side(after)


def _side_by_side(words: Sequence[str]) -> list[list[str]]:
    """Return the listed things, sorted, without a/an/the, "one" and "there is"."""
    parts: list[list[str]] = [[]]
    for index, word in enumerate(words):
        if word in SEPARATORS:
            parts.append([])
        elif word == "there" or (index and words[index - 1] == "there"):
            continue
        elif word not in _UNHEARD:
            parts[-1].append(word)
    parts.sort()
    return parts


def _is_part_of(few: Sequence[str], many: Sequence[str]) -> bool:
    """Tell whether `few` is `many` with some words removed."""
    rest = iter(many)
    return all(word in rest for word in few)
