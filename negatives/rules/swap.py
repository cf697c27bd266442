"""Swaps: two parts of one kind are exchanged, so that the same words say something else."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import combinations

from data.edits import Edit, Replacement, text_at
from negatives.grammar.clauses import agreeing_verbs
from negatives.grammar.links import (
    are_listed,
    are_peers,
    have_one_owner,
    leaves_a_pronoun,
    say_the_same,
)
from negatives.grammar.parts import (
    Part,
    adjectives,
    are_one,
    noun_start,
    nouns,
    phrases,
    verbs,
)
from negatives.grammar.trees import Tree, has, tree_of
from negatives.parse import Parse
from negatives.slots import Slot
from negatives.words.lexicon import Lexicon
from negatives.words.word_sets import word_sets

_AFTER = frozenset({"prep", "acl", "relcl"})
_AROUND = _AFTER | {"amod", "nummod", "compound"}
_ARTICLES = (["a"], ["an"])
_COUNTING = frozenset({"a", "an", "one"})
_DETERMINED = frozenset({"det", "nummod", "poss"})
_FAMILY = {
    "rarer colour": "colour", "metallic colour": "colour", "size, familiar": "size",
    "size, strong": "size", "size, figurative": "size", "size, strong, rarer": "size",
}  # fmt: skip
"""Classes of adjectives with one kind of meaning, although some members are compatible."""

_PLURAL = frozenset({"NNS", "NNPS"})


_Kind = tuple[str, Iterator[Part], Callable[[Tree, Part, Part], bool]]
"""A slot's subtype, the parts to pair, and the test whether two of them may be swapped."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Swap:
    """ "a red car and a blue bus" -> "a blue car and a red bus".

    One slot per pair, with one alternative. `noun_phrases`: whole phrases with determiners and
    modifiers; `objects`: nouns with their compounds, equal in number, without articles and
    adjectives; `attributes`: adjectives of two nouns; `actions`: verbs of one form and frame. Only
    the first `max_parts` parts of each kind are paired. Phrases that differ only in their nouns are
    left to `objects`, if that is on.
    """

    lexicon: Lexicon
    noun_phrases: bool = True
    objects: bool = True
    attributes: bool = True
    actions: bool = True
    max_parts: int = 8

    def __call__(self, parse: Parse) -> Iterator[Slot]:
        """Yield a slot for each pair of disjoint, different parts that may be swapped."""
        if len(parse.tokens) < 2:
            return
        tree = tree_of(parse)
        text, words, starts, ends = parse.text, tree.words, tree.starts, tree.ends
        for subtype, parts, may in self._kinds(tree):
            for left, right in combinations(sorted(parts)[: self.max_parts], 2):
                if (
                    left.last < right.first
                    and words[left.root] != words[right.root]
                    and may(tree, left, right)
                ):
                    start, end = starts[left.first], ends[left.last]
                    start_2, end_2 = starts[right.first], ends[right.last]
                    forth = Replacement(start, end, text_at(text, start_2, end_2))
                    back = Replacement(start_2, end_2, text_at(text, start, end))
                    yield Slot("swap", "swap", subtype, (Edit((forth, back)),))

    def _kinds(self, tree: Tree) -> Iterator[_Kind]:
        """Yield the kinds of parts that the caption may have twice."""
        if self.noun_phrases and len(tree.parse.chunks) > 1:
            yield "np", phrases(tree, self.lexicon), self._phrases_may
        if self.objects:
            yield "obj", nouns(tree, self.lexicon), self._nouns_may
        if self.attributes and tree.pos.count("ADJ") > 1:
            yield "att", adjectives(tree, self.lexicon), self._adjectives_may
        if self.actions and tree.pos.count("VERB") > 1:
            yield "act", verbs(tree), _verbs_may

    def _phrases_may(self, tree: Tree, left: Part, right: Part) -> bool:
        """Tell whether two noun phrases may be swapped as a whole."""
        here, there = left.root, right.root
        if leaves_a_pronoun(tree, left) or say_the_same(tree, here, there):
            return False
        if are_peers(tree, left, right) and not (
            has(tree, here, _AFTER) and has(tree, there, _AFTER)
        ):
            return False
        if left.form == right.form:
            return not (self.objects and self._differ_in_nouns_alone(tree, left, right))
        if (left.form in _PLURAL) == (right.form in _PLURAL):
            return True
        tokens, children = tree.parse.tokens, tree.children
        return (
            agreeing_verbs(tokens, children, here) == ()
            and agreeing_verbs(tokens, children, there) == ()
        )

    def _differ_in_nouns_alone(self, tree: Tree, left: Part, right: Part) -> bool:
        """Tell whether the swap of two phrases is the swap of their nouns."""
        words, lexicon = tree.words, self.lexicon
        here = words[left.first : noun_start(tree, left.root, lexicon)]
        there = words[right.first : noun_start(tree, right.root, lexicon)]
        return here == there or (here in _ARTICLES and there in _ARTICLES)

    def _nouns_may(self, tree: Tree, left: Part, right: Part) -> bool:
        """Tell whether two nouns may be swapped while everything around them stays."""
        here, there = left.root, right.root
        if (
            left.form != right.form
            or leaves_a_pronoun(tree, left)
            or say_the_same(tree, here, there)
            or _cannot_be_counted(tree, here, there)
        ):
            return False
        if are_peers(tree, left, right) and not (
            _is_described(tree, here) and _is_described(tree, there)
        ):
            return False
        return not (self._makes_a_word(tree, left, right) or self._makes_a_word(tree, right, left))

    def _makes_a_word(self, tree: Tree, target: Part, new: Part) -> bool:
        """Tell whether a noun would join another word in its new place ("hot" + "dog")."""
        before = target.first - 1
        return (
            before >= 0
            and tree.deps[before] == "amod"
            and are_one(
                tree.words[before], tree.words[new.first], tree.tags[new.first], self.lexicon
            )
        )

    def _adjectives_may(self, tree: Tree, left: Part, right: Part) -> bool:
        """Tell whether two adjectives of one form, on two nouns, may be swapped."""
        words = tree.words
        here, there = tree.heads[left.root], tree.heads[right.root]
        if left.form != right.form or here == there:
            return False
        if words[here] == words[there] and are_listed(tree, here, there):
            return False
        kinds = [self.lexicon.class_name(words[part.root], "ADJ") for part in (left, right)]
        families = {_FAMILY.get(kind, kind) for kind in kinds}
        if len(families) > 1 or "" in families:
            return False
        both = {words[left.root], words[right.root]}
        return not any(
            words[other] in both for part in (left, right) for other in _beside(tree, part.root)
        ) and not any(
            are_one(words[new.root], words[old.root + 1], tree.tags[old.root + 1], self.lexicon)
            for old, new in ((left, right), (right, left))
        )


def _verbs_may(tree: Tree, left: Part, right: Part) -> bool:
    """Tell whether two verbs of one form and frame may be swapped while their objects stay."""
    return left.form == right.form and (
        left.form.endswith(" object") or not have_one_owner(tree, left.root, right.root)
    )


def _cannot_be_counted(tree: Tree, left: int, right: int) -> bool:
    """Tell whether a swap would put a/an or "one" before an uncountable noun ("a water")."""
    mass = word_sets("swap")["mass"]
    return (tree.words[left] in mass or tree.words[right] in mass) and (
        _is_counted(tree, left) != _is_counted(tree, right)
    )


def _is_counted(tree: Tree, noun: int) -> bool:
    return any(
        tree.words[child] in _COUNTING and tree.deps[child] in _DETERMINED
        for child in tree.children[noun]
    )


def _is_described(tree: Tree, noun: int) -> bool:
    """Tell whether a noun has a modifier other than "one"."""
    return any(
        tree.deps[child] in _AROUND and tree.words[child] != "one" for child in tree.children[noun]
    )


def _beside(tree: Tree, adjective: int) -> list[int]:
    """Return the other adjectives of the noun that an adjective describes."""
    found = [c for c in tree.children[tree.heads[adjective]] if tree.deps[c] == "amod"]
    for other in found:
        found += [c for c in tree.children[other] if tree.deps[c] == "conj"]
    return [other for other in found if other != adjective]
