"""Guards on how the changed words hang together with the rest. Each answers True to refuse. Pure.

They look only at what the edit leaves as it is and at both words of a swap alike, so that the
negative's own parse gives the same answer.
"""

from negatives.guards.candidate import ADJECTIVE, KIND, NOUN, VERB, View
from negatives.guards.tables import words
from negatives.lexicon import Lexicon
from negatives.parse import Token

_OWN = frozenset({
    "amod", "compound", "nummod", "nmod", "poss", "acl", "relcl", "prep", "appos", "quantmod",
    "dobj", "nsubj", "advmod", "acomp", "prt", "npadvmod",
})  # fmt: skip
"""Labels of what a part of a swap may have of its own."""

_SUBJECTS = frozenset({"nsubj", "nsubjpass"})
_CONNECTOR_TAGS = frozenset({"IN", "TO", "RB", "JJ", "RP"})
_COUNTS = frozenset({"nummod", "quantmod", "det"})


def one_head(view: View, _: Lexicon) -> bool:
    """Refuse adjectives that change places before one noun ("large white bus")."""
    if not view.is_swap:
        return False
    tokens = view.parse.tokens
    one, other = view.heads
    if KIND.get(tokens[one].tag) != ADJECTIVE and view.slot.subtype != "att":
        return False
    return _described(tokens, one) == _described(tokens, other)


def _described(tokens: tuple[Token, ...], adjective: int) -> int:
    """Return the token that an adjective describes, through coordination."""
    index = adjective
    for _ in tokens:
        token = tokens[index]
        if token.dep != "conj" or KIND.get(tokens[token.head].tag) == NOUN:
            return token.head
        index = token.head
    return index


def symmetric_relation(view: View, lexicon: Lexicon) -> bool:
    """Refuse a swap across "and", "next to", "hugs" and the like: it changes nothing.

    Unless each part has a modifier of its own that stays where it is, and not the same one.
    """
    if not view.is_swap:
        return False
    tokens = view.parse.tokens
    one, other = view.heads
    kinds = {KIND.get(tokens[one].tag), KIND.get(tokens[other].tag)}
    if kinds not in ({NOUN}, {VERB}):
        return False
    link = _link(view, one, other, lexicon)
    if link is None:
        return False
    own = _own_words(view, one, link), _own_words(view, other, link)
    return not (own[0] and own[1] and own[0] != own[1])


def _link(view: View, one: int, other: int, lexicon: Lexicon) -> frozenset[int] | None:
    """Return the tokens that join two parts symmetrically; None if nothing does."""
    tokens = view.parse.tokens
    path = _path(tokens, one, other)
    if path is not None and _is_symmetric(view, path, other, lexicon):
        return frozenset(path)
    left, joined_left = _first_of_coordination(tokens, one)
    right, joined_right = _first_of_coordination(tokens, other)
    joined = joined_left | joined_right
    if left == right:
        return joined
    path = _path(tokens, left, right) if joined else None
    if path is None or not _is_symmetric(view, path, right, lexicon):
        return None
    return joined.union(path)


def _path(tokens: tuple[Token, ...], left: int, right: int) -> list[int] | None:
    """Return what stands between two tokens in the tree; None where neither stands over the other.

    A subject and what depends on its verb, and an object and what else its verb has, count too.
    """
    ups, downs = _chain(tokens, left), _chain(tokens, right)
    if left in downs:
        return downs[1 : downs.index(left)]
    if right in ups:
        return ups[1 : ups.index(right)]
    verb = tokens[left].head
    if verb not in downs[1:]:
        return None
    if tokens[left].dep in _SUBJECTS:
        return downs[1 : downs.index(verb) + 1]
    return downs[1 : downs.index(verb)] if tokens[left].dep == "dobj" else None


def _first_of_coordination(tokens: tuple[Token, ...], index: int) -> tuple[int, frozenset[int]]:
    """Return the first part of a word's coordination, and the parts passed on the way."""
    passed: set[int] = set()
    while tokens[index].dep == "conj" and index not in passed:
        passed.add(index)
        index = tokens[index].head
    return index, frozenset(passed)


def _chain(tokens: tuple[Token, ...], index: int) -> list[int]:
    """Return a token and the heads above it."""
    chain = [index]
    while tokens[index].head != index and len(chain) <= len(tokens):
        index = tokens[index].head
        chain.append(index)
    return chain


def _is_symmetric(view: View, path: list[int], end: int, lexicon: Lexicon) -> bool:
    """Tell whether all that a path passes says the same of both its ends."""
    tokens, lower = view.parse.tokens, view.words
    connectors = [lower[i] for i in path if tokens[i].tag in _CONNECTOR_TAGS]
    verbs = [i for i in path if KIND.get(tokens[i].tag) == VERB]
    if len(connectors) + len(verbs) < len(path) or not path:
        return False
    lemmas = {lexicon.lemma(lower[i], tokens[i].tag) for i in verbs}
    mutual = bool(lemmas & words().mutual_verbs)
    symmetric = words().symmetric
    if connectors:
        named = [word for word in connectors if word != "to"]
        is_named = all(word in symmetric for word in named) and (bool(named) or mutual)
        return is_named and not any(
            token.dep == "dobj" and token.head in verbs and i != end
            for i, token in enumerate(tokens)
        )
    return mutual


def _own_words(view: View, part: int, link: frozenset[int]) -> frozenset[str]:
    """Return the words that modify a part of a swap and stay where they are."""
    changed = view.changed
    return frozenset(
        view.words[i]
        for i, token in enumerate(view.parse.tokens)
        if token.head == part and token.dep in _OWN and i not in changed and i not in link
    )


def under_negation(view: View, _: Lexicon) -> bool:
    """Refuse a change of what is denied: "without a hat" may be as true as "without a tie".

    And a second negation beside one that stays.
    """
    negations = words().negations
    if negations.isdisjoint(view.words):
        return False
    staying = [
        i for i, word in enumerate(view.words)
        if word in negations and i not in view.changed
    ]  # fmt: skip
    if not staying:
        return False
    if view.slot.type == "negate":
        return True
    tokens = view.parse.tokens
    roots = {_scope(view, i) for i in staying}
    return any(not roots.isdisjoint(_chain(tokens, head)) for head in view.heads)


def _scope(view: View, negation: int) -> int:
    """Return the token of which all that depends on it is denied."""
    token = view.parse.tokens[negation]
    return negation if view.words[negation] == "without" else token.head


def anaphor(view: View, lexicon: Lexicon) -> bool:
    """Refuse a noun that another word takes up: "one bird ... the other", "another dog"."""
    sets = words()
    lower = view.words
    if sets.anaphors.isdisjoint(lower) and "one" not in lower:
        return False
    tokens, changed = view.parse.tokens, view.changed
    nouns = [head for head in view.heads if KIND.get(tokens[head].tag) == NOUN]
    if not nouns:
        return False
    named = {lemma for old, new, _ in view.pairs for lemma in (old, new)}
    for index, word in enumerate(lower):
        is_anaphor = word in sets.anaphors or (word == "one" and tokens[index].dep not in _COUNTS)
        if not is_anaphor or index in changed or (index and lower[index - 1] == "each"):
            continue
        head = tokens[index].head
        if KIND.get(tokens[head].tag) != NOUN or head < index or head in nouns:
            return True
        if _lemma_of_token(tokens[head], lexicon) in named:
            return True
    return False


def _lemma_of_token(token: Token, lexicon: Lexicon) -> str:
    """Return a token's lemma."""
    return lexicon.lemma(token.text, token.tag)


def pronoun(view: View, _: Lexicon) -> bool:
    """Refuse a noun that leaves a pronoun behind: "a man on his bike", "a dog and its owner"."""
    sets = words()
    lower = view.words
    has_gender = not sets.gendered_pronouns.isdisjoint(lower)
    if has_gender and any(
        pos == NOUN and (old in sets.gendered or new in sets.gendered)
        for old, new, pos in view.pairs
    ):
        return True
    if not view.is_swap or sets.possessives.isdisjoint(lower):
        return False
    tokens = view.parse.tokens
    return any(
        word in sets.possessives and (index in view.changed or tokens[index].head in view.changed)
        for index, word in enumerate(lower)
    )
