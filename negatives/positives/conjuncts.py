"""Conjuncts in another order: "a dog and a cat" -> "a cat and a dog".

Only two parts of a list of two move, and only where nothing hangs on their order: no modifier or
determiner that both may share, nothing after them that might describe either part, no pronoun that
may refer to one of them.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from data.edits import Edit
from negatives.grammar.trees import Tree, tree_of
from negatives.parse import Chunk, Parse
from negatives.positives.phrases import (
    DETERMINED,
    FINITE,
    NOUNS,
    Phrase,
    chunks_by_root,
    has_marks,
    has_pronoun,
    has_scope,
    hides_a_verb,
    is_animate,
    last_word,
    replaced,
    says_where,
    text_of,
    words_of,
)
from negatives.rules.replace_relation import relations
from negatives.slots import Slot
from negatives.words.lexicon import Lexicon
from negatives.words.word_sets import word_sets

_SUBJECTS = frozenset({"nsubj", "nsubjpass", "ROOT"})
_ACTS = frozenset({"VBG"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Conjuncts:
    """ "a dog and a cat" -> "a cat and a dog".

    One slot a coordination of two nouns, two adjectives of one noun or two participles.
    """

    lexicon: Lexicon

    def __call__(self, parse: Parse) -> Iterator[Slot]:
        """Yield a slot for each coordination of two."""
        if len(parse.tokens) < 3:
            return
        tree = tree_of(parse)
        if not {"and", "or"} & set(tree.words) or has_scope(tree) or has_marks(tree):
            return
        chunks = chunks_by_root(tree)
        for joint, dep in enumerate(tree.deps):
            if dep != "cc" or tree.words[joint] not in {"and", "or"}:
                continue
            parts = _parts(tree, joint)
            if parts is None:
                continue
            pair = self._pair(tree, chunks, joint, *parts)
            if pair is not None and tree.words[pair[0].root] != tree.words[pair[1].root]:
                here, there = pair
                edit = Edit((
                    replaced(tree, here.first, here.last, text_of(tree, there)),
                    replaced(tree, there.first, there.last, text_of(tree, here)),
                ))  # fmt: skip
                yield Slot("conjuncts", "reorder", _SUBTYPES[tree.tags[here.root]], (edit,))

    def _pair(
        self, tree: Tree, chunks: Mapping[int, Chunk], joint: int, left: int, right: int
    ) -> tuple[Phrase, Phrase] | None:
        tags = tree.tags[left], tree.tags[right]
        if NOUNS.issuperset(tags):
            return self._nouns(tree, chunks, joint, left, right)
        if tags == ("JJ", "JJ"):
            return self._adjectives(tree, joint, left, right)
        if tags == ("VBG", "VBG"):
            return _participles(tree, joint, left, right)
        return None

    def _adjectives(
        self, tree: Tree, joint: int, left: int, right: int
    ) -> tuple[Phrase, Phrase] | None:
        """Return two bare colours or other qualities: "a black and white dog", "is red and big"."""
        words, pos = tree.words, tree.pos
        if (
            (left, right) == (joint - 1, joint + 1)
            and (tree.deps[left], pos[tree.heads[left]]) in _DESCRIBING
            and (left == 0 or pos[left - 1] not in _MODIFYING)
            and pos[left] == pos[right] == "ADJ"
            and _SHADES.isdisjoint((words[left], words[right]))
            and all(self.lexicon.class_name(words[part], "ADJ") for part in (left, right))
            and not tree.children[right]
            and len(tree.children[left]) == 2
            and _describes_alone(tree, left, right)
        ):
            return Phrase(left, left, left), Phrase(right, right, right)
        return None

    def _nouns(
        self, tree: Tree, chunks: Mapping[int, Chunk], joint: int, left: int, right: int
    ) -> tuple[Phrase, Phrase] | None:
        here, there = chunks.get(left), chunks.get(right)
        if (
            here is None
            or there is None
            or here.last != left
            or there.last != right
            or (here.last, there.first) != (joint - 1, joint + 1)
            or has_pronoun(tree)
            or not _OFF.isdisjoint((tree.words[left], tree.words[right]))
            or _FIXED.issuperset((tree.words[left], tree.words[right]))
            or not _is_simple(tree, here)
            or not _is_simple(tree, there)
            or hides_a_verb(tree, there.first, there.root, self.lexicon)
        ):
            return None
        pair = _whole_or_nouns(tree, here, there)
        if (
            pair is None
            or not self._are_listed_surely(tree, left, right)
            or not _may_follow(tree, chunks, left, right)
            or (tree.tags[left] != tree.tags[right] and _agrees_with_one(tree, joint, left))
        ):
            return None
        return pair

    def _are_listed_surely(self, tree: Tree, left: int, right: int) -> bool:
        """Tell whether the second noun can be joined to the first alone.

        "A man in a hat and a dog" is of a man and a dog, whatever the parser says.
        """
        if not any(
            tree.tags[index] in NOUNS
            for index in range(left)
            if tree.deps[index] not in {"compound", "nmod", "amod"}
        ):
            return True  # the first thing of the caption: "There is a dog and a cat"
        above = tree.words[tree.heads[left]]
        if above == "of":
            return False
        if above == "between":
            return True
        return self._go_together(tree, left, right, above)

    def _go_together(self, tree: Tree, left: int, right: int, above: str) -> bool:
        """Tell whether two nouns are of the kind that one verb or preposition has both of."""
        animate = is_animate(tree, left), is_animate(tree, right)
        if above in {"wearing", "wears"}:
            return _is_worn(tree, left) and _is_worn(tree, right)
        if above == "with" and animate == (False, False):
            owner = tree.heads[tree.heads[left]]
            if tree.tags[owner] in NOUNS and not is_animate(tree, owner):
                return True  # a room or a plate with two things
            return _is_worn(tree, left) and _is_worn(tree, right)
        lemma, name = self.lexicon.lemma, self.lexicon.class_name
        classes = {name(lemma(tree.words[i], tree.tags[i]), "NOUN") for i in (left, right)}
        return len(classes) == 1 and "" not in classes and animate != (True, True)


_SUBTYPES = {"NN": "np", "NNS": "np", "JJ": "att", "VBG": "act"}
_DESCRIBING = {("amod", "NOUN"), ("acomp", "AUX"), ("acomp", "VERB")}
_MODIFYING = frozenset({"ADJ", "ADV", "NOUN", "PROPN", "VERB"})
_SHADES = word_sets("swap")["shades"]
_OFF = word_sets("swap")["light"]
_FIXED = words_of("fixed")


def _is_worn(tree: Tree, noun: int) -> bool:
    """Tell whether a noun is worn, or part of a body."""
    return relations().kinds.get(tree.words[noun]) == "none"


def _describes_alone(tree: Tree, left: int, right: int) -> bool:
    """Tell whether two adjectives stand right before their noun, or end what is said of it."""
    after, noun = right + 1, tree.heads[left]
    if tree.deps[left] == "acomp":
        return after > last_word(tree) or tree.pos[after] in {"ADP", "PUNCT"}
    # "a black and white photo" has no other order
    return (
        noun >= after
        and words_of("picture").isdisjoint(tree.words[after : noun + 2])
        and {"amod", "compound"}.issuperset(tree.deps[after:noun])
    )


def _parts(tree: Tree, joint: int) -> tuple[int, int] | None:
    """Return the two parts that a conjunction joins, if it joins two and no more."""
    left = tree.heads[joint]
    others = [child for child in tree.children[left] if tree.deps[child] == "conj"]
    joints = [child for child in tree.children[left] if tree.deps[child] == "cc"]
    if len(others) != 1 or joints != [joint] or others[0] < joint or tree.deps[left] == "conj":
        return None
    right = others[0]
    if any(tree.deps[child] in {"conj", "cc", "appos"} for child in tree.children[right]):
        return None
    return left, right


def _is_simple(tree: Tree, chunk: Chunk) -> bool:
    """Tell whether a phrase is of determiners, adjectives, numbers and a noun with its compound."""
    allowed = {"det", "amod", "compound", "nummod"}
    return all(
        tree.deps[index] in allowed and tree.pos[index] in {"DET", "ADJ", "NOUN", "NUM"}
        for index in range(chunk.first, chunk.root)
    ) and not any(
        child > chunk.root and tree.deps[child] not in {"cc", "conj", "prep", "acl", "punct"}
        for child in tree.children[chunk.root]
    )


def _whole_or_nouns(tree: Tree, here: Chunk, there: Chunk) -> tuple[Phrase, Phrase] | None:
    """Return the phrases whole; the nouns alone where both stand under one article."""
    own = _own(tree, here), _own(tree, there)
    whole = Phrase(*here), Phrase(*there)
    modified = here.first < here.root, there.first < there.root
    if own == (True, True):
        return whole
    if own == (False, False) and modified[0] == modified[1]:
        shares_head = tree.tags[here.root] == "NN" and tree.deps[there.root - 1] == "compound"
        return None if shares_head else whole  # "protective hair and face coverings"
    if own == (True, False) and not modified[1] and here.first + 1 == here.root:
        if tree.words[here.first] not in {"a", "an"}:
            return None
        if tree.tags[there.root] == "NNS":
            return whole
        if tree.words[there.root] not in word_sets("swap")["mass"]:
            return Phrase(here.root, here.root, here.root), Phrase(*there)
    return None


def _own(tree: Tree, chunk: Chunk) -> bool:
    return any(tree.deps[child] in DETERMINED for child in tree.children[chunk.root])


def _agrees_with_one(tree: Tree, joint: int, left: int) -> bool:
    """Tell whether a verb agrees with one part alone: "there is a dog and two cats"."""
    return (
        tree.words[joint] == "or"
        or tree.deps[left] == "attr"
        or "EX" in tree.tags[:left]
        or (tree.heads[left] > left and "VBZ" in tree.tags[left:])
    )


def _may_follow(tree: Tree, chunks: Mapping[int, Chunk], left: int, right: int) -> bool:
    """Tell whether what follows the second part says the same of both, or of neither."""
    after = right + 1
    if after > last_word(tree):
        return True
    word, tag = tree.words[after], tree.tags[after]
    if tag in FINITE:
        return tree.deps[left] in _SUBJECTS
    if tree.pos[after] == "ADP" and says_where(tree, chunks, after):
        return True
    if tag in _ACTS and word in words_of("shared"):
        return is_animate(tree, left) and is_animate(tree, right)
    return False


def _participles(tree: Tree, joint: int, left: int, right: int) -> tuple[Phrase, Phrase] | None:
    """Return two participles without anything of their own: "sitting and talking"."""
    if (left, right) != (joint - 1, joint + 1) or tree.children[right]:
        return None
    rest = [child for child in tree.children[left] if child > joint and child != right]
    if any(tree.deps[child] != "punct" for child in rest):
        return None
    after = right + 1
    if after <= last_word(tree) or tree.pos[left] != "VERB" or tree.pos[right] != "VERB":
        return None
    if left and tree.pos[left - 1] not in {"NOUN", "AUX", "PUNCT"}:
        return None
    return Phrase(left, left, left), Phrase(right, right, right)
