"""What there is: "a dog in a park" <-> "there is a dog in a park".

The words of the phrase stay where they are.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from data.edits import Edit, Replacement
from negatives.grammar.trees import Tree, tree_of
from negatives.parse import Chunk, Parse
from negatives.positives.phrases import (
    BE,
    NOUNS,
    chunks_by_root,
    has_finite_verb,
    has_marks,
    has_scope,
    hides_a_verb,
    hides_verbs,
    words_of,
)
from negatives.slots import Slot
from negatives.words.lexicon import Lexicon

_INDEFINITE = frozenset(
    {"a", "an", "one", "some", "several", "two", "three", "four", "five", "six"}
)
_SAID = frozenset({"VBG", "IN"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Existence:
    """ "a dog in a park" -> "there is a dog in a park".

    One slot for a caption that is one indefinite phrase, with a participle or a preposition after
    its noun, with or without "there is".
    """

    lexicon: Lexicon

    def __call__(self, parse: Parse) -> Iterator[Slot]:
        """Yield a slot if the caption is such a phrase, with or without "there is"."""
        if len(parse.tokens) < 4:
            return
        tree = tree_of(parse)
        if has_scope(tree) or has_marks(tree) or hides_verbs(tree, self.lexicon):
            return
        stated = tree.words[0] == "there" and tree.words[1] in BE
        first = 2 if stated else 0
        subject = next((c for c in chunks_by_root(tree).values() if c.first == first), None)
        if subject is None or not self._is_thing(tree, subject) or not _goes_on(tree, subject):
            return
        if stated:
            if tree.deps[0] == "expl" and not has_finite_verb(tree, skip=1):
                edit = Edit((Replacement(0, tree.starts[2], ""),))
                yield Slot("existence", "rewrite", "existence", (edit,))
        elif tree.deps[subject.root] == "ROOT" and not has_finite_verb(tree):
            be = "are" if tree.tags[subject.root] == "NNS" else "is"
            edit = Edit((Replacement(0, 0, f"There {be} "),))
            yield Slot("existence", "rewrite", "existence", (edit,))

    def _is_thing(self, tree: Tree, chunk: Chunk) -> bool:
        root = chunk.root
        return (
            chunk.last == root
            and tree.tags[root] in NOUNS
            and tree.words[chunk.first] in _INDEFINITE
            and not any(tree.deps[c] in {"conj", "appos", "cc"} for c in tree.children[root])
            and tree.words[root] not in words_of("picture") | words_of("gathering")
            and not hides_a_verb(tree, chunk.first, root, self.lexicon)
        )


def _goes_on(tree: Tree, subject: Chunk) -> bool:
    """Tell whether something is said of a thing right after it."""
    after = subject.last + 1
    return after + 1 < len(tree.words) and tree.tags[after] in _SAID
