"""Guards on how the changed words hang together with the rest. Each answers True to refuse. Pure.

They look only at what the edit leaves as it is and at both words of a swap alike, so that the
negative's own parse gives the same answer.
"""

from negatives.guards.candidate import View, stays
from negatives.guards.content import ADJECTIVE, NOUN, VERB
from negatives.guards.context import Context
from negatives.guards.tables import words

_OWN = frozenset({
    "amod", "compound", "nummod", "nmod", "poss", "acl", "relcl", "prep", "appos", "quantmod",
    "dobj", "nsubj", "advmod", "acomp", "prt", "npadvmod",
})  # fmt: skip
"""Labels of what a part of a swap may have of its own."""

_SUBJECTS = frozenset({"nsubj", "nsubjpass"})
_CONNECTOR_TAGS = frozenset({"IN", "TO", "RB", "JJ", "RP"})
_NONE: frozenset[int] = frozenset()


def one_head(view: View) -> bool:
    """Refuse adjectives that change places before one noun ("large white bus")."""
    if not view.is_swap:
        return False
    one, other = view.changes[0].head, view.changes[1].head
    if view.slot.subtype != "att" and view.context.kinds[one] != ADJECTIVE:
        return False
    return _described(one, view.context) == _described(other, view.context)


def _described(adjective: int, context: Context) -> int:
    """Return the token that an adjective describes, through coordination."""
    index = adjective
    for _ in context.words:
        head = context.heads[index]
        if context.deps[index] != "conj" or context.kinds[head] == NOUN:
            return head
        index = head
    return index


def symmetric_relation(view: View) -> bool:
    """Refuse a swap across "and", "next to", "hugs" and the like: it changes nothing.

    Unless each part has a modifier of its own that stays where it is, and not the same one.
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
    if path and _is_symmetric(context, path, other):
        return frozenset(path)
    left, joined_left = _first_of_coordination(context, one)
    right, joined_right = _first_of_coordination(context, other)
    joined = joined_left | joined_right
    if left == right:
        return joined
    path = _path(context, left, right) if joined else None
    if path and _is_symmetric(context, path, right):
        return joined.union(path)
    return None


def _path(context: Context, left: int, right: int) -> list[int] | None:
    """Return what stands between two tokens in the tree; None where neither stands over the other.

    A subject and what depends on its verb, and an object and what else its verb has, count too.
    """
    downs = _chain(context, right)
    if left in downs:
        return downs[1 : downs.index(left)]
    ups = _chain(context, left)
    if right in ups:
        return ups[1 : ups.index(right)]
    verb, dep = context.heads[left], context.deps[left]
    if verb == right or verb not in downs:
        return None
    if dep in _SUBJECTS:
        return downs[1 : downs.index(verb) + 1]
    return downs[1 : downs.index(verb)] if dep == "dobj" else None


def _first_of_coordination(context: Context, index: int) -> tuple[int, frozenset[int]]:
    """Return the first part of a word's coordination, and the parts passed on the way."""
    if context.deps[index] != "conj":
        return index, _NONE
    passed: set[int] = set()
    while context.deps[index] == "conj" and index not in passed:
        passed.add(index)
        index = context.heads[index]
    return index, frozenset(passed)


def _chain(context: Context, index: int) -> list[int]:
    """Return a token and the heads above it."""
    heads = context.heads
    chain = [index]
    while (head := heads[index]) != index and len(chain) <= len(heads):
        chain.append(head)
        index = head
    return chain


def _is_symmetric(context: Context, path: list[int], end: int) -> bool:
    """Tell whether all that a path passes says the same of both its ends."""
    sets = words()
    verbs: list[int] = []
    says_so = False
    for index in path:
        if context.kinds[index] == VERB:
            verbs.append(index)
            says_so = says_so or context.lemmas[index] in sets.mutual_verbs
        elif context.tags[index] not in _CONNECTOR_TAGS:
            return False
        elif context.words[index] != "to":
            if context.words[index] not in sets.symmetric:
                return False
            says_so = True
    if not says_so or len(verbs) == len(path):
        return says_so
    return not any(
        dep == "dobj" and context.heads[index] in verbs and index != end
        for index, dep in enumerate(context.deps)
    )


def _own_words(view: View, part: int, link: frozenset[int]) -> frozenset[str]:
    """Return the words that modify a part of a swap and stay where they are."""
    context = view.context
    return frozenset([
        context.words[index]
        for index, head in enumerate(context.heads)
        if head == part and context.deps[index] in _OWN and index not in link
        and stays(index, view)
    ])  # fmt: skip


def under_negation(view: View) -> bool:
    """Refuse a change of what is denied: "without a hat" may be as true as "without a tie".

    And a second negation beside one that stays.
    """
    context = view.context
    if not context.negations:
        return False
    staying = [index for index in context.negations if stays(index, view)]
    if not staying:
        return False
    if view.slot.type == "negate":
        return True
    roots = {
        index if context.words[index] == "without" else context.heads[index] for index in staying
    }
    return any(not roots.isdisjoint(_chain(context, change.head)) for change in view.changes)


def anaphor(view: View) -> bool:
    """Refuse a noun that another word takes up: "one bird ... the other", "another dog"."""
    context = view.context
    if not context.anaphors:
        return False
    nouns = [change.head for change in view.changes if context.kinds[change.head] == NOUN]
    if not nouns:
        return False
    named = {lemma for pair in view.pairs for lemma in (pair.old, pair.new)}
    for index in context.anaphors:
        if not stays(index, view):
            continue
        head = context.heads[index]
        if context.kinds[head] != NOUN or head < index or head in nouns:
            return True
        if context.lemmas[head] in named:
            return True
    return False


def pronoun(view: View) -> bool:
    """Refuse a noun that leaves a pronoun behind: "a man on his bike", "a dog and its owner"."""
    context = view.context
    if context.has_gender:
        gendered = words().gendered
        for pair in view.pairs:
            if pair.pos == NOUN and (pair.old in gendered or pair.new in gendered):
                return True
    if not view.is_swap:
        return False
    for index in context.possessives:
        if not stays(index, view) or not stays(context.heads[index], view):
            return True
    return False
