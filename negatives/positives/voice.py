"""Active and passive: "a man riding a horse" <-> "a horse being ridden by a man".

For a short list of verbs, where the caption has an agent, an action and an object, followed at most
by a place that both are in.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from data.edits import Edit, Replacement
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
    replaced,
    says_where,
    text_of,
    words_of,
)
from negatives.slots import Slot
from negatives.words.lexicon import Lexicon

_CARE = ("walk", "feed")


class _Group(NamedTuple):
    """The words of a verb from `first` to `last` (inclusive), and the same of the other voice.

    `number`: whether they agree with what stands before them.
    """

    first: int
    last: int
    singular: str
    plural: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Voice:
    """ "a man riding a horse" -> "a horse being ridden by a man".

    One slot for a caption that begins with an agent, a verb and an object, or with the same in the
    passive.
    """

    lexicon: Lexicon

    def __call__(self, parse: Parse) -> Iterator[Slot]:
        """Yield a slot if the caption is about one action."""
        if len(parse.tokens) < 4:
            return
        tree = tree_of(parse)
        if has_scope(tree) or has_pronoun(tree) or has_marks(tree):
            return
        chunks = chunks_by_root(tree)
        subject = next((c for c in chunks.values() if c.first == 0), None)
        if subject is None or not self._is_thing(tree, subject):
            return
        group = self._active(tree, subject.last + 1) or self._passive(tree, subject.last + 1)
        if group is None:
            return
        thing = next((c for c in chunks.values() if c.first == group.last + 1), None)
        if (
            thing is None
            or not self._is_thing(tree, thing)
            or not says_where(tree, chunks, thing.last + 1)
            or not words_of("bodies").isdisjoint((tree.words[subject.root], tree.words[thing.root]))
            or is_plural(tree, subject.root) != (tree.tags[subject.root] == "NNS")
            or any(tree.deps[child] == "prep" for child in tree.children[subject.root])
            or not self._is_fit(tree, thing, group)
            or tree.heads[thing.root] not in range(group.first, group.last + 1)
        ):
            return
        words = group.plural if is_plural(tree, thing.root) else group.singular
        edit = Edit((
            replaced(tree, subject.first, subject.last, text_of(tree, Phrase(*thing))),
            Replacement(tree.starts[group.first], tree.ends[group.last], words),
            replaced(tree, thing.first, thing.last, text_of(tree, Phrase(*subject))),
        ))  # fmt: skip
        yield Slot("voice", "rewrite", "act", (edit,))

    def _is_fit(self, tree: Tree, thing: Chunk, group: _Group) -> bool:
        """Tell whether a verb can have this object: a dog is walked and fed, a street is not."""
        verbs = tree.words[group.first : group.last + 1]
        cared = any(verb.startswith(_CARE) for verb in verbs) or "fed" in verbs
        return not cared or is_animate(tree, thing.root)

    def _is_thing(self, tree: Tree, chunk: Chunk) -> bool:
        return (
            chunk.last == chunk.root
            and tree.tags[chunk.root] in NOUNS
            and (tree.pos[chunk.first] in {"DET", "NUM"} or tree.tags[chunk.root] == "NNS")
            and not any(tree.deps[c] in {"conj", "appos", "cc"} for c in tree.children[chunk.root])
            and "CCONJ" not in tree.pos[chunk.first : chunk.last]
            and tree.words[chunk.root]
            not in (words_of("picture") | words_of("gathering") | words_of("adverbs"))
            and not hides_a_verb(tree, chunk.first, chunk.last, self.lexicon)
        )

    def _active(self, tree: Tree, first: int) -> _Group | None:
        """Return the verb of an active clause at a token: "riding", "rides", "is riding"."""
        words, tags = tree.words, tree.tags
        verb = first + 1 if words[first : first + 1] and words[first] in BE else first
        if verb >= len(words):
            return None
        tag = tags[verb]
        lemma = self.lexicon.lemma(words[verb], tag)
        done = self.lexicon.inflect(lemma, "VBN")
        if lemma not in words_of("passive") or done is None or tree.pos[verb] != "VERB":
            return None
        if tag == "VBG":
            be = ("is ", "are ") if verb > first else ("", "")
            return _Group(first, verb, f"{be[0]}being {done} by", f"{be[1]}being {done} by")
        if tag in {"VBZ", "VBP"} and verb == first:
            return _Group(first, verb, f"is {done} by", f"are {done} by")
        return None

    def _passive(self, tree: Tree, first: int) -> _Group | None:
        """Return the verb of a passive clause: "being ridden by", "is ridden by"."""
        words, tags = tree.words, tree.tags
        verb = first
        while verb < len(words) and words[verb] in {"is", "are", "being"}:
            verb += 1
        if verb == first or words[verb + 1 : verb + 2] != ["by"] or tags[verb] != "VBN":
            return None
        lemma = self.lexicon.lemma(words[verb], "VBN")
        acting, acts = (self.lexicon.inflect(lemma, tag) for tag in ("VBG", "VBZ"))
        if lemma not in words_of("passive") or acting is None or acts is None:
            return None
        said = tuple(words[first:verb])
        if said == ("being",):
            return _Group(first, verb + 1, acting, acting)
        if said in {("is", "being"), ("are", "being")}:
            return _Group(first, verb + 1, f"is {acting}", f"are {acting}")
        return _Group(first, verb + 1, acts, lemma) if len(said) == 1 else None
