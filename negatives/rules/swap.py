"""Swaps: two parts of one kind change places, and say another thing with the same words."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import combinations

from data.edits import Edit, Replacement, text_at
from negatives.clauses import agreeing_verbs
from negatives.lexicon import Lexicon
from negatives.parse import Parse
from negatives.parts import (
    Part,
    Tree,
    adjectives,
    are_coordinated,
    are_one,
    has,
    noun_start,
    nouns,
    phrases,
    tree_of,
    verbs,
)
from negatives.slots import Slot

_AFTER = frozenset({"prep", "acl", "relcl"})
_AROUND = _AFTER | {"amod", "nummod", "compound"}
_ARGUMENTS = frozenset({"dobj", "prep", "agent", "prt", "oprd", "attr", "advmod"})
_SUBJECTS = frozenset({"nsubj", "nsubjpass"})
_LEADING = _SUBJECTS | {"ROOT"}
_COORDINATED = frozenset({"conj"})
_ARTICLES = (["a"], ["an"])
_PLURAL = frozenset({"NNS", "NNPS"})


_Kind = tuple[str, Iterator[Part], Callable[[Tree, Part, Part], bool]]
"""A slot's subtype, the parts that pair up, and what tells whether two of them may."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Swap:
    """ "a red car and a blue bus" -> "a blue car and a red bus".

    One slot a pair, with one alternative. `noun_phrases`: whole phrases, determiners and
    modifiers with them; `objects`: nouns with their compounds, of one number, articles and
    adjectives left; `attributes`: adjectives of two nouns; `actions`: verbs of one form and
    frame. Only the first `max_parts` parts of each kind pair up. Phrases that differ in their
    nouns alone are left to `objects`, if that is on.
    """

    lexicon: Lexicon
    noun_phrases: bool = True
    objects: bool = True
    attributes: bool = True
    actions: bool = True
    max_parts: int = 8

    def __call__(self, parse: Parse) -> Iterator[Slot]:
        """Yield a slot for each pair of parts that are apart, read differently and may swap."""
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
        """Yield the kinds of parts of which the caption may have two."""
        if self.noun_phrases and len(tree.parse.chunks) > 1:
            yield "np", phrases(tree), self._phrases_may
        if self.objects:
            yield "obj", nouns(tree, self.lexicon), self._nouns_may
        if self.attributes and tree.pos.count("ADJ") > 1:
            yield "att", adjectives(tree, self.lexicon), self._adjectives_may
        if self.actions and tree.pos.count("VERB") > 1:
            yield "act", verbs(tree), _verbs_may

    def _phrases_may(self, tree: Tree, left: Part, right: Part) -> bool:
        """Tell whether two noun phrases may change places with everything in them."""
        here, there = left.root, right.root
        if _is_linked(tree, here, there):
            return False
        if are_coordinated(tree, here, there) and not (
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
        """Tell whether two nouns may change places while all around them stays."""
        here, there = left.root, right.root
        if left.form != right.form or _is_linked(tree, here, there):
            return False
        if are_coordinated(tree, here, there) and not (
            has(tree, here, _AROUND) and has(tree, there, _AROUND)
        ):
            return False
        if self._makes_a_word(tree, left, right) or self._makes_a_word(tree, right, left):
            return False
        return tree.deps[here] not in _LEADING or "PRP$" not in [
            tree.tags[child] for child in tree.children[there]
        ]

    def _makes_a_word(self, tree: Tree, place: Part, new: Part) -> bool:
        """Tell whether a noun would become part of another word where it goes ("hot" + "dog")."""
        before = place.first - 1
        return (
            before >= 0
            and tree.deps[before] == "amod"
            and are_one(
                tree.words[before], tree.words[new.first], tree.tags[new.first], self.lexicon
            )
        )

    def _adjectives_may(self, tree: Tree, left: Part, right: Part) -> bool:
        """Tell whether two adjectives of one form, on two nouns, may change places."""
        words, deps, children = tree.words, tree.deps, tree.children
        heads = tree.heads[left.root], tree.heads[right.root]
        if left.form != right.form or heads[0] == heads[1]:
            return False
        if words[heads[0]] == words[heads[1]] and are_coordinated(tree, *heads):
            return False
        if any(
            are_one(words[new.root], words[old.root + 1], tree.tags[old.root + 1], self.lexicon)
            for old, new in ((left, right), (right, left))
        ):
            return False
        alone = all(
            [deps[child] for child in children[head]].count("amod") == 1 for head in heads
        ) and not any(has(tree, part.root, _COORDINATED) for part in (left, right))
        kinds = [self.lexicon.class_name(words[part.root], "ADJ") for part in (left, right)]
        return alone or (kinds[0] != "" and kinds[0] == kinds[1])


def _verbs_may(tree: Tree, left: Part, right: Part) -> bool:
    """Tell whether two verbs of one form may change places while their objects stay."""
    here, there = left.root, right.root
    if left.form != right.form:
        return False
    same = _owner(tree, here) == _owner(tree, there)
    return not same or (has(tree, here, _ARGUMENTS) and has(tree, there, _ARGUMENTS))


def _owner(tree: Tree, verb: int) -> int:
    """Return the noun that does what a verb says, as far as the tree tells; else the verb."""
    for _ in tree.deps:
        subject = next((c for c in tree.children[verb] if tree.deps[c] in _SUBJECTS), None)
        if subject is not None and tree.tags[subject] not in {"WDT", "WP"}:
            return subject
        head = tree.heads[verb]
        if head == verb or tree.pos[verb] in {"NOUN", "PROPN", "PRON"}:
            return verb
        verb = head
    return verb


def _is_linked(tree: Tree, left: int, right: int) -> bool:
    """Tell whether one of two nouns is said of the other: "A of B", "A is B" or in apposition."""
    deps, heads = tree.deps, tree.heads
    for here, there in ((left, right), (right, left)):
        dep, head = deps[there], heads[there]
        if dep == "pobj":
            linked = heads[head] == here and tree.words[head] == "of"
        elif dep == "attr":
            linked = heads[here] == head and deps[here] in _SUBJECTS
        else:
            linked = dep == "appos" and head == here
        if linked:
            return True
    return False
