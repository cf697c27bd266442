"""Relations read from the other side: "a cup above a plate" -> "a plate below a cup".

The noun phrases change places whole, and the relation gives way to its inverse, or stays where it
says the same of both ("next to"). Only captions that say nothing else are turned: what they are
about would become what it stands beside.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

from data.edits import Edit, Replacement, edit_of
from negatives.grammar.trees import Tree, tree_of
from negatives.parse import Chunk, Parse
from negatives.positives.phrases import (
    BE,
    NOUNS,
    Phrase,
    chunks_by_root,
    has_marks,
    has_pronoun,
    has_scope,
    hides_a_verb,
    is_animate,
    is_plural,
    last_word,
    replaced,
    text_of,
    words_of,
)
from negatives.slots import Slot
from negatives.words.lexicon import Lexicon

_INVERSES = (
    ("to the left of", "to the right of"),
    ("on the left of", "on the right of"),
    ("on the left side of", "on the right side of"),
    ("left of", "right of"),
    ("above", "below"),
    ("over", "under"),
    ("behind", "in front of"),
    ("next to", "next to"),
    ("beside", "beside"),
    ("near", "near"),
)
_ONE_WAY = {"underneath": "above", "beneath": "above", "in front of": "behind"}
_LINKS = frozenset({"of", "in"})


class _Relation(NamedTuple):
    """A relation at tokens `first` to `last` (inclusive), and what says the same inversely."""

    first: int
    last: int
    text: str
    inverse: str


class _Statement(NamedTuple):
    """How one thing stands to another, and nothing else.

    `subject`: from its chunk's first token to the last of what belongs to it; `be`: where "is"
    stands, -1 for nowhere; `posture`: where a participle stands after the subject, -1 for nowhere.
    """

    subject: Phrase
    be: int
    posture: int
    relation: _Relation
    place: Phrase


@cache
def _relations() -> Mapping[str, tuple[tuple[tuple[str, ...], str], ...]]:
    """Return relations and their inverses by the first word, the longest first."""
    pairs = [*_INVERSES, *((b, a) for a, b in _INVERSES if a != b), *_ONE_WAY.items()]
    found: dict[str, dict[tuple[str, ...], str]] = {}
    for relation, inverse in pairs:
        words = tuple(relation.split())
        found.setdefault(words[0], {})[words] = _ONE_WAY.get(relation, inverse)
    return {
        first: tuple(sorted(known.items(), key=lambda item: -len(item[0])))
        for first, known in found.items()
    }


@dataclass(frozen=True, kw_only=True, slots=True)
class Inverse:
    """ "a cup above a plate" -> "a plate below a cup".

    One slot a caption that is of two things and how they stand, with or without "is", "there is"
    and how the first of them stands ("a man standing behind a counter").
    """

    lexicon: Lexicon

    def __call__(self, parse: Parse) -> Iterator[Slot]:
        """Yield a slot for the relation that a caption states, if it states one and no more."""
        if len(parse.tokens) < 4:
            return
        tree = tree_of(parse)
        if has_scope(tree) or has_marks(tree) or (has_pronoun(tree) and tree.words[0] != "there"):
            return
        for index in range(1, len(tree.words) - 1):
            relation = _relation_at(tree, index)
            statement = self._statement(tree, relation) if relation else None
            if statement is not None:
                edit = _turned(tree, statement)
                if edit is not None:
                    same_words = len(edit.replacements) == 2
                    kind = ("reorder", "np") if same_words else ("rewrite", "rel")
                    yield Slot("inverse", *kind, (edit,))
                return

    def _statement(self, tree: Tree, relation: _Relation) -> _Statement | None:
        """Return what a caption says with a relation; None if it says more, or that is not sure."""
        chunks = {chunk.first: chunk for chunk in chunks_by_root(tree).values()}
        there = tree.words[0] == "there" and tree.words[1] in BE
        subject, place = chunks.get(2 if there else 0), chunks.get(relation.last + 1)
        if subject is None or place is None or place.last != last_word(tree):
            return None
        end = relation.first - 1
        posture = end if end > subject.last and tree.words[end] in words_of("postures") else -1
        end -= posture >= 0
        be = end if end > subject.last and tree.words[end] in BE and not there else -1
        end -= be >= 0
        if not (
            _is_whole(tree, subject, end, chunks)
            and self._is_thing(tree, subject)
            and self._is_thing(tree, place)
            and not hides_a_verb(tree, subject.first, end, self.lexicon)
            and tree.words[place.root] in _PLACES.get(relation.text, {tree.words[place.root]})
        ):
            return None
        whole = Phrase(subject.first, end, subject.root)
        return _Statement(whole, 1 if there else be, posture, relation, Phrase(*place))

    def _is_thing(self, tree: Tree, chunk: Chunk) -> bool:
        """Tell whether a phrase names one thing or several, and no part, side or picture."""
        root = chunk.root
        return (
            chunk.last == root
            and tree.tags[root] in NOUNS
            and tree.words[root] not in words_of("picture") | words_of("no things")
            and (tree.pos[chunk.first] in {"DET", "NUM"} or tree.tags[root] == "NNS")
            and all(tree.pos[i] in {"DET", "NUM", "ADJ", "NOUN"} for i in range(chunk.first, root))
            and not any(tree.deps[child] in {"conj", "appos", "relcl"} for child in
                        tree.children[root])
            and not hides_a_verb(tree, chunk.first, root, self.lexicon)
        )  # fmt: skip


def _relation_at(tree: Tree, index: int) -> _Relation | None:
    for words, inverse in _relations().get(tree.words[index], ()):
        last = index + len(words) - 1
        if tuple(tree.words[index : last + 1]) == words:
            return _Relation(index, last, " ".join(words), inverse)
    return None


def _is_whole(tree: Tree, subject: Chunk, end: int, chunks: Mapping[int, Chunk]) -> bool:
    """Tell whether a phrase goes on to token `end` with no more than "of" or "in" another."""
    if end <= subject.last:
        return end == subject.last
    tail = chunks.get(subject.last + 2)
    link = subject.last + 1
    return (
        tree.words[link] in _LINKS
        and tail is not None
        and tail.last == end
        and tree.heads[link] == subject.root
    )


def _turned(tree: Tree, statement: _Statement) -> Edit | None:
    """Return the edit that reads a relation from the other side; None where there is no way."""
    subject, be, posture, relation, place = statement
    moved: str | None = text_of(tree, subject)
    if posture >= 0:
        posed = tree.words[posture]
        if posed not in _OF_THINGS and not is_animate(tree, subject.root):
            return None  # "a sitting couch"
        moved = _with_posture(tree, subject, posed)
        if moved is None or be > 1:
            return None
    replacements = [
        replaced(tree, subject.first, subject.last, text_of(tree, place)),
        Replacement(tree.starts[place.first], tree.ends[place.last], moved or ""),
    ]
    if be >= 0:
        form = "are" if is_plural(tree, place.root) else "is"
        if tree.words[be] != form:
            replacements.append(replaced(tree, be, be, form))
    first = posture if posture >= 0 else relation.first
    if posture >= 0 or relation.text != relation.inverse:
        replacements.append(replaced(tree, first, relation.last, relation.inverse))
    return edit_of(replacements)


def _with_posture(tree: Tree, subject: Phrase, posture: str) -> str | None:
    """Return a phrase with a participle in it: "a man" and "standing" make "a standing man"."""
    if subject.last != subject.first + 1:
        return None
    article, noun = tree.words[subject.first], tree.parse.tokens[subject.last].text
    if article in {"a", "an"}:
        return f"a {posture} {noun}"
    return f"{article} {posture} {noun}" if tree.pos[subject.first] in {"DET", "NUM"} else None


_OF_THINGS = frozenset({"parked", "floating"})
_PLACES = {
    "in front of": words_of("behind"),
    **dict.fromkeys(("under", "underneath", "beneath", "below"), words_of("overhead")),
}
"""Of relations that are turned with some things alone, those things."""
