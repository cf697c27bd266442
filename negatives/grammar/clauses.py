"""Clauses: finite verbs, verbs that agree with a noun, dependents. Pure."""

from collections.abc import Iterator, Sequence

from negatives.parse import Token

SUBJECTS = frozenset({"nsubj", "nsubjpass"})
_AUXILIARIES = frozenset({"aux", "auxpass"})
_PAST_OF_BE = frozenset({"was", "were"})
_RELATIVES = frozenset({"WDT", "WP"})

Children = Sequence[Sequence[int]]
"""For each token the indices of its dependents, in order."""


def children_of(tokens: Sequence[Token]) -> Children:
    """Return the dependents of each token."""
    children: list[list[int]] = [[] for _ in tokens]
    for index, token in enumerate(tokens):
        if token.head != index:
            children[token.head].append(index)
    return children


def child_with(
    tokens: Sequence[Token], children: Children, index: int, deps: frozenset[str]
) -> int | None:
    """Return the first dependent of a token with one of the labels."""
    return next((child for child in children[index] if tokens[child].dep in deps), None)


def finite_of(tokens: Sequence[Token], children: Children, verb: int) -> int | None:
    """Return the finite token of a verb's group: its first auxiliary, else the verb; None if none.

    A verb tagged as bare after a finite verb ("two dogs run and play") is finite too.
    """
    first = child_with(tokens, children, verb, _AUXILIARIES)
    first = verb if first is None or first > verb else first
    tag = tokens[first].tag
    if tag in {"VBZ", "VBP", "VBD", "MD"}:
        return first
    bare = tag == "VB" and first == verb and tokens[verb].dep == "conj"
    return first if bare and tokens[tokens[verb].head].tag in {"VBZ", "VBP"} else None


def shows_number(token: Token) -> bool:
    """Tell whether a finite token's form depends on number."""
    return token.tag in {"VBZ", "VBP", "VB"} or (
        token.tag == "VBD" and token.text.lower() in _PAST_OF_BE
    )


def agreeing_verbs(
    tokens: Sequence[Token], children: Children, noun: int
) -> tuple[int, ...] | None:
    """Return the finite tokens that agree with a noun in number.

    None if the parse leaves it open: coordinated nouns with a relative clause, a contracted verb,
    or a finite verb after the noun without a subject (a sign of a wrong parse).
    """
    token = tokens[noun]
    coordinated = token.dep == "conj" or any(tokens[c].dep == "conj" for c in children[noun])
    verbs = [verb for verb in children[noun] if _is_subject_relative(tokens, children, verb)]
    existential = token.dep == "attr" and _has_there(tokens, children, token.head)
    if coordinated and (verbs or existential or _singular_verb_at(tokens, noun + 1)):
        return None
    if existential or (token.dep in SUBJECTS and not coordinated):
        verbs += _chain(tokens, children, token.head)
    finites: list[int] = []
    for verb in verbs:
        finite = finite_of(tokens, children, verb)
        if finite is None:
            if tokens[verb].tag != "VBG" and verb not in children[noun]:
                return None  # "two dogs run", wrongly taken for a participle or a noun
        elif shows_number(tokens[finite]):
            finites.append(finite)
    if any("'" in tokens[i].text or "\u2019" in tokens[i].text for i in finites):
        return None
    stray = any(
        shows_number(tokens[i]) and i not in finites and not _has_subject(tokens, children, i)
        for i in range(noun + 1, len(tokens))
    )
    return None if stray else tuple(finites)


def _is_subject_relative(tokens: Sequence[Token], children: Children, verb: int) -> bool:
    """Tell whether a verb heads a clause such as "that are running", whose subject is the noun."""
    if tokens[verb].dep != "relcl":
        return False
    subject = child_with(tokens, children, verb, SUBJECTS)
    return subject is not None and tokens[subject].tag in _RELATIVES


def _singular_verb_at(tokens: Sequence[Token], index: int) -> bool:
    """Tell whether this is a singular verb, so that the nouns before it are not its subject."""
    return index < len(tokens) and (
        tokens[index].tag == "VBZ" or tokens[index].text.lower() == "was"
    )


def _chain(tokens: Sequence[Token], children: Children, verb: int) -> Iterator[int]:
    """Yield a verb and those coordinated with it that share its subject."""
    yield verb
    for child in children[verb]:
        if tokens[child].dep == "conj" and child_with(tokens, children, child, SUBJECTS) is None:
            yield from _chain(tokens, children, child)


def _has_there(tokens: Sequence[Token], children: Children, verb: int) -> bool:
    return any(tokens[child].dep == "expl" for child in children[verb])


def _has_subject(tokens: Sequence[Token], children: Children, finite: int) -> bool:
    """Tell whether a finite token's verb, or a verb coordinated with it, has a subject.

    A bare form after "to", a modal or "do" needs no subject.
    """
    if tokens[finite].tag == "VB":
        return True
    verb = tokens[finite].head if tokens[finite].dep in _AUXILIARIES else finite
    while child_with(tokens, children, verb, SUBJECTS | {"expl", "csubj"}) is None:
        if tokens[verb].dep != "conj":
            return False
        verb = tokens[verb].head
    return True
