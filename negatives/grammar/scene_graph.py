"""The scene graph in which FSC-CLIP replaces words: entities, modifiers, relations. Pure.

Read off the dependency tree as by SceneGraphParser (Wu et al. 2019), which FSC-CLIP runs: every
noun phrase is an entity; determiners, numbers and adjectives of its head (and of the head's
compound) are modifiers; a relation is the verb or the preposition between two entities.
"""

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from typing import NamedTuple

from data.edits import text_at
from negatives.parse import Parse
from negatives.words.lexicon import Lexicon

PHRASAL_PREPOSITIONS = frozenset(
    (
        "in addition to",
        "in front of",
        "in reference to",
        "in regard to",
        "in spite of",
        "on account of",
        "on side of",
        "on the side of",
        "on top of",
        "with regard to",
    )
)


class Element(NamedTuple):
    """Tokens `first` to `last` (inclusive) with their head at `root`.

    `num_pairs`: number of pairs of entities that a relation joins ("men and women on a bus": 2),
    else 1.
    """

    first: int
    last: int
    root: int
    num_pairs: int = 1


class SceneGraph(NamedTuple):
    """The elements of a caption, each kind in the order of noun phrases."""

    entities: tuple[Element, ...]
    modifiers: tuple[Element, ...]
    relations: tuple[Element, ...]


class _Tree(NamedTuple):
    """The dependency tree; `deps` changes while modifiers are read (see `_modifiers`)."""

    parse: Parse
    deps: list[str]
    children: list[list[int]]


class _Relation(NamedTuple):
    """The relation of the entity at token `subject` to another; `unmade` is then not an entity."""

    subject: int
    element: Element
    unmade: int | None = None


def scene_graph(parse: Parse, *, lexicon: Lexicon, phrasal_verbs: AbstractSet[str]) -> SceneGraph:
    """Return the caption's scene graph.

    `phrasal_verbs`: "lemma preposition" pairs whose relation is named by both words ("sit on").
    """
    tree = _tree(parse)
    modifiers = [_modifiers(tree, chunk.root) for chunk in parse.chunks]
    subjects = _subjects(tree)
    relations: list[tuple[int, _Relation]] = []
    for chunk in parse.chunks:
        relation = _verb_relation(tree, chunk.root, subjects) or _preposition_relation(
            tree, chunk.root, subjects, lexicon=lexicon, phrasal_verbs=phrasal_verbs
        )
        if relation:
            relations.append((chunk.root, relation))
    unmade = {relation.unmade for _, relation in relations}
    kept = [index for index, chunk in enumerate(parse.chunks) if chunk.root not in unmade]
    chunks = [parse.chunks[index] for index in kept]
    covered = {token for chunk in chunks for token in range(chunk.first, chunk.last + 1)}
    return SceneGraph(
        tuple(Element(chunk.first, chunk.last, chunk.root) for chunk in chunks),
        tuple(Element(token, token, token) for index in kept for token in modifiers[index]),
        tuple(_relations_between(tree, relations, covered)),
    )


def _tree(parse: Parse) -> _Tree:
    children: list[list[int]] = [[] for _ in parse.tokens]
    for index, token in enumerate(parse.tokens):
        if token.head != index:
            children[token.head].append(index)
    return _Tree(parse, [token.dep for token in parse.tokens], children)


def _with_conjuncts(tree: _Tree, index: int) -> list[int]:
    return [index, *(child for child in tree.children[index] if tree.deps[child] == "conj")]


def _modifiers(tree: _Tree, root: int) -> list[int]:
    """Return the modifiers of a head noun and of its compound.

    Coordinated adjectives become siblings in the tree, as published, and later steps see that.
    """
    modifiers: list[int] = []
    pending, visited = [root], set[int]()
    while pending:
        noun = pending.pop()
        if noun in visited:
            continue
        visited.add(noun)
        for child in tree.children[noun]:
            dep = tree.deps[child]
            if dep in {"det", "nummod"}:
                modifiers.append(child)
            elif dep == "amod":
                adjectives = _with_conjuncts(tree, child)
                for adjective in adjectives:
                    tree.deps[adjective] = dep
                modifiers += adjectives
            elif dep == "compound":
                pending.append(child)
    return modifiers


def _subjects(tree: _Tree) -> dict[int, int]:
    """Return the subject of each verb that has one: its agent, its noun or its own subject."""
    tokens, deps = tree.parse.tokens, tree.deps
    subjects: dict[int, int] = {}
    for index, token in enumerate(tokens):
        if deps[index] == "nsubj":
            subjects[token.head] = index
        elif deps[index] == "acl":
            subjects[index] = token.head
        elif deps[index] == "pobj" and deps[token.head] == "agent":
            verb = tokens[token.head].head
            if tokens[verb].pos == "VERB":
                subjects[verb] = index
    return subjects


def _verb_relation(tree: _Tree, noun: int, subjects: dict[int, int]) -> _Relation | None:
    """Return the relation of an object, a complement or a passive subject: its verb."""
    verb = tree.parse.tokens[noun].head
    if tree.deps[noun] not in {"dobj", "attr", "nsubjpass"} or verb not in subjects:
        return None
    return _Relation(subjects[verb], Element(verb, verb, verb))


def _preposition_relation(
    tree: _Tree,
    noun: int,
    subjects: dict[int, int],
    *,
    lexicon: Lexicon,
    phrasal_verbs: AbstractSet[str],
) -> _Relation | None:
    """Return the relation of a preposition's object, by the preposition's head."""
    tokens, deps = tree.parse.tokens, tree.deps
    preposition = tokens[noun].head
    if deps[noun] != "pobj" or deps[preposition] == "agent":
        return None
    governor = tokens[preposition].head
    subject = subjects.get(governor)
    verbal = tokens[governor].pos in {"VERB", "AUX"} or deps[governor] == "acl"
    if subject is None or not verbal:
        return _nominal_relation(tree, preposition, subjects)
    first = preposition
    if tokens[governor].pos == "VERB" and governor + 1 == preposition:
        verb = lexicon.lemma(tokens[governor].text, tokens[governor].tag)
        if f"{verb} {tokens[preposition].text.lower()}" in phrasal_verbs:
            first = governor
    return _Relation(subject, Element(first, preposition, first))


def _nominal_relation(tree: _Tree, preposition: int, subjects: dict[int, int]) -> _Relation | None:
    """Return the relation of a preposition attached to a noun or an adverb ("next to")."""
    tokens, deps = tree.parse.tokens, tree.deps
    governor = tokens[preposition].head
    outer = tokens[governor].head
    if deps[governor] == "pobj" and _words(tree, outer, preposition) in PHRASAL_PREPOSITIONS:
        return _Relation(tokens[outer].head, Element(outer, preposition, outer), unmade=governor)
    if tokens[governor].pos == "NOUN":
        return _Relation(governor, Element(preposition, preposition, preposition))
    if deps[governor] in {"amod", "advmod"}:
        adverb = Element(min(governor, preposition), max(governor, preposition), governor)
        if tokens[outer].pos == "NOUN":
            return _Relation(outer, adverb)
        if tokens[outer].pos == "VERB" and outer in subjects:
            return _Relation(subjects[outer], adverb)
    return None


def _words(tree: _Tree, first: int, last: int) -> str:
    tokens = tree.parse.tokens
    if first >= last:
        return ""
    return text_at(tree.parse.text, tokens[first].start, tokens[last].end).lower()


def _relations_between(
    tree: _Tree, relations: list[tuple[int, _Relation]], covered: AbstractSet[int]
) -> Iterator[Element]:
    """Yield the relations between entities, counting pairs made by coordination."""
    for noun, relation in relations:
        subjects = covered & set(_with_conjuncts(tree, relation.subject))
        nouns = covered & set(_with_conjuncts(tree, noun))
        num_pairs = len(subjects) * len(nouns)
        if num_pairs:
            yield relation.element._replace(num_pairs=num_pairs)
