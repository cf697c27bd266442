"""The guard on swaps across symmetric words ("and", "next to"). Pure.

It uses only what the edit leaves unchanged, and treats both words of a swap alike, so that the
negative's own parse gives the same answer.
"""

from negatives.guards.candidate import CandidateView, changed_tokens
from negatives.guards.content import NOUN, VERB
from negatives.guards.context import Context, chain_of
from negatives.guards.tables import words

_OWN = frozenset({
    "amod", "compound", "nummod", "nmod", "poss", "acl", "relcl", "prep", "appos", "quantmod",
    "dobj", "nsubj", "advmod", "acomp", "prt", "npadvmod",
})  # fmt: skip
"""Labels of the modifiers of a part of a swap."""

_SUBJECTS = frozenset({"nsubj", "nsubjpass", "attr"})
_LISTED = frozenset({"conj", "appos"})
_IN_FRONT_OF = frozenset({"in", "front", "of"})
_CONNECTOR_TAGS = frozenset({"IN", "TO", "RB", "JJ", "RP"})
_NONE: frozenset[int] = frozenset()


def symmetric_relation(view: CandidateView) -> bool:
    """Reject a swap across "and", "next to", "hugs" and the like, which changes nothing.

    Unless each part has a modifier that stays in place, and the modifiers differ.
    """
    if not view.is_swap:
        return False
    one, other = view.changes[0].head, view.changes[1].head
    kind = view.context.kinds[one]
    if kind != view.context.kinds[other] or kind not in {NOUN, VERB}:
        return False
    link = _link(view.context, one, other)
    if link is None:
        return False
    own = _own_words(view, one, link), _own_words(view, other, link)
    return not (own[0] and own[1] and own[0] != own[1])


def _link(context: Context, one: int, other: int) -> frozenset[int] | None:
    """Return the tokens that join two parts symmetrically; None if nothing does."""
    path = _path(context, one, other)
    if path and _is_symmetric(context, path, one, other):
        return frozenset(path)
    left, joined_left = _first_of_coordination(context, one)
    right, joined_right = _first_of_coordination(context, other)
    joined = joined_left | joined_right
    if not joined:
        return None
    hosts = [(host, right) for host in _hosts(context, left)] if joined_left else []
    hosts += [(left, host) for host in _hosts(context, right)] if joined_right else []
    for here, there in ((left, right), *hosts):
        if here == there:
            return joined
        path = _path(context, here, there)
        if path and _is_symmetric(context, path, here, there):
            return joined.union(path)
    return None


def _hosts(context: Context, index: int) -> list[int]:
    """Return the nouns above a list's first part: the list may continue any of them.

    "A yard with a boy in a hat and a dog": the dog may be in the yard.
    """
    if context.kinds[index] != NOUN:
        return []
    return [above for above in chain_of(context, index)[1:] if context.kinds[above] == NOUN]


def _path(context: Context, left: int, right: int) -> list[int] | None:
    """Return the tokens between two tokens in the tree; None if neither is above the other.

    A subject (or the noun of "there is") counts as above its verb's dependents, wherever they are,
    and an object as above the verb's other dependents.
    """
    downs = chain_of(context, right)
    if left in downs:
        return downs[1 : downs.index(left)]
    ups = chain_of(context, left)
    if right in ups:
        return ups[1 : ups.index(right)]
    deps, heads = context.deps, context.heads
    for end, chain in ((left, downs), (right, ups)):
        if deps[end] in _SUBJECTS and heads[end] in chain:
            return chain[1 : chain.index(heads[end]) + 1]
    if deps[left] == "dobj" and heads[left] in downs:
        return downs[1 : downs.index(heads[left])]
    return None


def _first_of_coordination(context: Context, index: int) -> tuple[int, frozenset[int]]:
    """Return the first member of a word's coordination, and the members on the way to it."""
    if context.deps[index] not in _LISTED:
        return index, _NONE
    passed: set[int] = set()
    while context.deps[index] in _LISTED and index not in passed:
        passed.add(index)
        index = context.heads[index]
    return index, frozenset(passed)


def _is_symmetric(context: Context, path: list[int], start: int, end: int) -> bool:
    """Tell whether everything on a path is symmetric in its ends."""
    sets = words()
    faces = not sets.facing.isdisjoint((context.lemmas[start], context.lemmas[end])) and (
        "front" in [context.words[index] for index in path]
    )
    verbs: list[int] = []
    says_so = False
    for index in path:
        if context.kinds[index] == VERB:
            verbs.append(index)
            says_so = says_so or context.lemmas[index] in sets.mutual_verbs
        elif faces and context.words[index] in _IN_FRONT_OF:
            says_so = True
        elif context.tags[index] not in _CONNECTOR_TAGS:
            return False
        elif context.words[index] != "to":
            if context.words[index] not in sets.symmetric:
                return False
            says_so = True
    if not says_so or len(verbs) == len(path):
        return says_so
    return not any(
        dep == "dobj" and context.heads[index] in verbs and index not in {start, end}
        for index, dep in enumerate(context.deps)
    )


def _own_words(view: CandidateView, part: int, link: frozenset[int]) -> frozenset[str]:
    """Return the modifiers of a part of a swap that stay in place."""
    context, changed = view.context, changed_tokens(view)
    return frozenset([
        context.words[index]
        for index, head in enumerate(context.heads)
        if head == part and context.deps[index] in _OWN and index not in link
        and context.words[index] != "one" and index not in changed
    ])  # fmt: skip
