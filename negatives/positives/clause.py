"""A phrase and its clause: "a dog in a park" <-> "a dog is in a park", "a man riding" and "is".

The words of the phrase stay where they are; "is" or "are" is added or removed.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from data.edits import Edit, Replacement
from negatives.grammar.trees import Tree, tree_of
from negatives.parse import Chunk, Parse
from negatives.positives.phrases import (
    BE,
    FINITE,
    NOUNS,
    chunks_by_root,
    has_finite_verb,
    has_marks,
    has_scope,
    hides_a_verb,
    hides_verbs,
    is_animate,
    words_of,
)
from negatives.rules.replace_relation import relations
from negatives.slots import Slot
from negatives.words.lexicon import Lexicon


@dataclass(frozen=True, kw_only=True, slots=True)
class Clause:
    """ "a man riding a horse" -> "a man is riding a horse".

    One slot for a caption that is one phrase with a participle or a place after its noun, or the
    corresponding clause.
    """

    lexicon: Lexicon

    def __call__(self, parse: Parse) -> Iterator[Slot]:
        """Yield a slot if the caption is such a phrase or clause."""
        if len(parse.tokens) < 4:
            return
        tree = tree_of(parse)
        if has_scope(tree) or has_marks(tree) or hides_verbs(tree, self.lexicon):
            return
        chunks = chunks_by_root(tree)
        subject = next((c for c in chunks.values() if c.first == 0), None)
        if subject is None or not self._is_thing(tree, subject):
            return
        after = subject.last + 1
        if after + 1 >= len(tree.words):
            return
        if tree.words[after] in BE:
            edit, said = self._without_be(tree, subject, after), after + 1
        else:
            edit, said = self._with_be(tree, subject, after), after
        if edit is not None:
            subtype = "act" if tree.tags[said] == "VBG" else "rel"
            yield Slot("clause", "rewrite", subtype, (edit,))

    def _is_thing(self, tree: Tree, chunk: Chunk) -> bool:
        root = chunk.root
        return (
            chunk.last == root
            and tree.tags[root] in NOUNS
            and (tree.pos[chunk.first] in {"DET", "NUM"} or tree.tags[root] == "NNS")
            and not any(tree.deps[c] in {"conj", "appos", "cc"} for c in tree.children[root])
            and tree.words[root] not in words_of("picture") | words_of("gathering")
            and not hides_a_verb(tree, chunk.first, root, self.lexicon)
        )

    def _with_be(self, tree: Tree, subject: Chunk, after: int) -> Edit | None:
        """Return the edit that makes a clause of a phrase."""
        if tree.deps[subject.root] != "ROOT" or has_finite_verb(tree):
            return None
        if not _is_said(tree, after):
            return None
        be = "are" if tree.tags[subject.root] == "NNS" else "is"
        place = tree.ends[subject.last]
        return Edit((Replacement(place, place, f" {be}"),))

    def _without_be(self, tree: Tree, subject: Chunk, be: int) -> Edit | None:
        """Return the edit that leaves the phrase of a clause."""
        others = sum(tag in FINITE for tag in tree.tags)
        verb = tree.heads[be] if tree.deps[be] == "aux" else be
        if others > 1 or tree.heads[subject.root] != verb or tree.deps[verb] != "ROOT":
            return None
        if any(
            tree.deps[c] in {"conj", "neg", "advmod", "attr", "acomp"} for c in tree.children[verb]
        ):
            return None
        if not _is_said(tree, be + 1):
            return None
        return Edit((Replacement(tree.ends[subject.last], tree.ends[be], ""),))


def _is_said(tree: Tree, after: int) -> bool:
    """Tell whether a participle or a place follows here, and belongs to the subject."""
    if tree.tags[after] == "VBG" and tree.pos[after] == "VERB":
        return tree.words[after] not in words_of("stating")
    if tree.words[after] not in words_of("located"):
        return False
    if tree.pos[after] != "ADP" or tree.deps[after] != "prep":
        return False
    if any(dep == "conj" and is_animate(tree, index) for index, dep in enumerate(tree.deps)):
        return False  # "two girls in dresses and two boys in shirts"
    thing = next((c for c in tree.children[after] if tree.deps[c] == "pobj"), None)
    return thing is None or relations().kinds.get(tree.words[thing]) != "none"
