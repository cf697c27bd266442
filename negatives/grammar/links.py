"""How two parts of a caption are connected: some connections make a swap say the same. Pure.

All tests use only positions in the tree and the unchanged words between and around the parts, so
that the swapped caption's own parse gives the same answer.
"""

from negatives.grammar.parts import Part
from negatives.grammar.trees import Tree, has
from negatives.words.word_sets import word_sets

_SUBJECTS = frozenset({"nsubj", "nsubjpass"})
_LEADING = _SUBJECTS | {"ROOT"}
_LISTED = frozenset({"conj", "appos"})
_EXISTENTIAL = frozenset({"expl"})
_THINGS = frozenset({"NOUN", "PROPN", "PRON"})
_RELATIVES = frozenset({"WDT", "WP"})
_HOLDING, _WITH = frozenset({"in", "on", "at"}), frozenset({"with"})


def say_the_same(tree: Tree, left: int, right: int) -> bool:
    """Tell whether two nouns are connected so that a swap hardly changes the meaning."""
    deps, heads = tree.deps, tree.heads
    dep = deps[right]
    if dep == "pobj":
        preposition = heads[right]
        if tree.words[preposition] == "of":
            return heads[preposition] == left
        return _are_places_of_one(tree, left, right) or _are_in_one_container(tree, left, right)
    if dep == "appos":
        return heads[right] == left
    return (  # "A is B"
        (dep == "attr" or deps[left] == "attr")
        and heads[left] == heads[right]
        and (deps[left] in _SUBJECTS or dep in _SUBJECTS)
    )


def are_peers(tree: Tree, left: Part, right: Part) -> bool:
    """Tell whether two parts belong to one list, or are related only by being side by side.

    "cats, dogs and mice"; "umbrellas next to a scooter", however the parser attaches "next".
    """
    if are_listed(tree, left.root, right.root):
        return True
    beside, words = word_sets("swap")["beside"], tree.words
    if words[left.last + 1] not in beside:
        return False
    return all(
        words[index] in beside or words[index] == "to" or tree.heads[index] == right.root
        for index in range(left.last + 2, right.first)
    )


def are_listed(tree: Tree, left: int, right: int) -> bool:
    """Tell whether two tokens belong to one list ("cats, dogs and mice")."""
    deps = tree.deps
    return (deps[left] in _LISTED or deps[right] in _LISTED) and (
        _first_of_list(tree, left) == _first_of_list(tree, right)
    )


def _first_of_list(tree: Tree, index: int) -> int:
    for _ in tree.deps:
        if tree.deps[index] not in _LISTED:
            break
        index = tree.heads[index]
    return index


def _are_places_of_one(tree: Tree, left: int, right: int) -> bool:
    """Tell whether two nouns both locate the same thing ("on the grass in a tube")."""
    if tree.deps[left] != "pobj":
        return False
    places, heads, words = word_sets("swap")["places"], tree.heads, tree.words
    return (
        words[heads[left]] in places
        and words[heads[right]] in places
        and _located_thing(tree, left) == _located_thing(tree, right)
    )


def _located_thing(tree: Tree, place: int) -> int:
    """Return the thing located in a place, following nested places."""
    places = word_sets("swap")["places"]
    deps, heads = tree.deps, tree.heads
    for _ in deps:
        if deps[place] != "pobj" or tree.words[heads[place]] not in places:
            break
        place = owner(tree, heads[heads[place]])
    return place


def _are_in_one_container(tree: Tree, left: int, right: int) -> bool:
    """Tell whether a third thing holds both: "A on B topped with C", "A with B in C"."""
    heads, words = tree.heads, tree.words
    preposition = heads[right]
    above = heads[preposition]
    if above < left:
        return False
    if words[preposition] in _HOLDING:
        third, joins = above, _WITH
    elif tree.tags[above] == "VBN" and words[above] in word_sets("swap")["filled"]:
        third, joins = heads[above], _HOLDING
    else:
        return False
    return any(
        words[child] in joins and child < preposition and third in {left, *tree.children[child]}
        for child in tree.children[left]
    )


def leaves_a_pronoun(tree: Tree, left: Part) -> bool:
    """Tell whether a later pronoun may refer to a part that heads its sentence."""
    return tree.last_pronoun > left.last and tree.deps[left.root] in _LEADING


def have_one_owner(tree: Tree, left: int, right: int) -> bool:
    """Tell whether two verbs have the same subject, as far as the tree shows."""
    one, other = owner(tree, left), owner(tree, right)
    return one == other or "PRP" in {tree.tags[one], tree.tags[other]}


def owner(tree: Tree, index: int) -> int:
    """Return a verb's subject, as far as the tree shows, or else the token itself."""
    deps, heads, children = tree.deps, tree.heads, tree.children
    for _ in deps:
        if tree.pos[index] in _THINGS:
            break
        subject = next((c for c in children[index] if deps[c] in _SUBJECTS), None)
        if subject is None and has(tree, index, _EXISTENTIAL):
            subject = next((c for c in children[index] if deps[c] == "attr"), None)
        if subject is not None and tree.tags[subject] not in _RELATIVES:
            return subject
        if heads[index] == index:
            break
        index = heads[index]
    return index
