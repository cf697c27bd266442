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
    are_one,
    has,
    noun_at,
    nouns,
    phrases,
    top,
    tree_of,
    verbs,
)
from negatives.slots import Slot

_DETERMINED = frozenset({"det", "poss", "nummod", "predet"})
_BEFORE = frozenset({"amod", "nummod", "compound"})
_AFTER = frozenset({"prep", "acl", "relcl"})
_OBJECTS = frozenset({"dobj", "dative"})
_ARGUMENTS = frozenset({"dobj", "prep", "agent", "prt", "oprd", "attr", "advmod"})
_SUBJECTS = frozenset({"nsubj", "nsubjpass"})
_COORDINATED = frozenset({"conj"})
_PLURAL = frozenset({"NNS", "NNPS"})


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
        """Yield a slot for each pair that may change places."""
        tree, lexicon = tree_of(parse), self.lexicon
        if self.noun_phrases:
            yield from self._pairs(tree, "np", phrases(tree), self._phrases_may)
        if self.objects:
            yield from self._pairs(tree, "obj", nouns(tree, lexicon), self._nouns_may)
        if self.attributes:
            yield from self._pairs(tree, "att", adjectives(tree, lexicon), self._adjectives_may)
        if self.actions:
            yield from self._pairs(tree, "act", verbs(tree), _verbs_may)

    def _pairs(
        self,
        tree: Tree,
        subtype: str,
        parts: Iterator[Part],
        may: Callable[[Tree, Part, Part], bool],
    ) -> Iterator[Slot]:
        """Yield a slot for each pair of parts that are apart, read differently and `may` swap."""
        text, tokens, words = tree.parse.text, tree.tokens, tree.words
        for left, right in combinations(sorted(parts)[: self.max_parts], 2):
            if (
                left.last < right.first
                and words[left.root] != words[right.root]
                and may(tree, left, right)
            ):
                here = tokens[left.first].start, tokens[left.last].end
                there = tokens[right.first].start, tokens[right.last].end
                edit = Edit(
                    (
                        Replacement(*here, text_at(text, *there)),
                        Replacement(*there, text_at(text, *here)),
                    )
                )
                yield Slot("swap", "swap", subtype, (edit,))

    def _phrases_may(self, tree: Tree, left: Part, right: Part) -> bool:
        """Tell whether two noun phrases may change places with everything in them."""
        tokens, children = tree.tokens, tree.children
        if _is_linked(tree, left.root, right.root):
            return False
        if top(tokens, left.root) == top(tokens, right.root) and not (
            has(tree, left.root, _AFTER) and has(tree, right.root, _AFTER)
        ):
            return False
        if (tokens[left.root].tag in _PLURAL) != (tokens[right.root].tag in _PLURAL) and (
            agreeing_verbs(tokens, children, left.root) != ()
            or agreeing_verbs(tokens, children, right.root) != ()
        ):
            return False
        return not (self.objects and self._differ_in_nouns_alone(tree, left, right))

    def _differ_in_nouns_alone(self, tree: Tree, left: Part, right: Part) -> bool:
        """Tell whether the swap of the phrases is the swap of their nouns."""
        if tree.tokens[left.root].tag != tree.tokens[right.root].tag:
            return False
        heads = [noun_at(tree, part.root, self.lexicon) for part in (left, right)]
        starts = [
            " ".join(tree.words[part.first : head.first])
            for part, head in zip((left, right), heads, strict=True)
        ]
        return starts[0] == starts[1] or set(starts) == {"a", "an"}

    def _nouns_may(self, tree: Tree, left: Part, right: Part) -> bool:
        """Tell whether two nouns may change places while all around them stays."""
        tokens = tree.tokens
        here, there = left.root, right.root
        if tokens[here].tag != tokens[there].tag or _is_linked(tree, here, there):
            return False
        if tokens[here].tag == "NN" and has(tree, here, _DETERMINED) != has(
            tree, there, _DETERMINED
        ):
            return False
        if top(tokens, here) == top(tokens, there) and not (
            has(tree, here, _BEFORE | _AFTER) and has(tree, there, _BEFORE | _AFTER)
        ):
            return False
        if self._makes_a_word(tree, left, right) or self._makes_a_word(tree, right, left):
            return False
        owned = any(tokens[child].tag == "PRP$" for child in tree.children[there])
        return not (owned and tokens[here].dep in {*_SUBJECTS, "ROOT"})

    def _makes_a_word(self, tree: Tree, place: Part, new: Part) -> bool:
        """Tell whether a noun would become part of another word where it goes ("hot" + "dog")."""
        before = place.first - 1
        return (
            before >= 0
            and tree.tokens[before].dep == "amod"
            and are_one(
                tree.words[before], tree.words[new.first], tree.tokens[new.first].tag, self.lexicon
            )
        )

    def _adjectives_may(self, tree: Tree, left: Part, right: Part) -> bool:
        """Tell whether two adjectives of one form, on two nouns, may change places."""
        tokens, words = tree.tokens, tree.words
        heads = tokens[left.root].head, tokens[right.root].head
        if tokens[left.root].tag != tokens[right.root].tag or heads[0] == heads[1]:
            return False
        if words[heads[0]] == words[heads[1]] and top(tokens, heads[0]) == top(tokens, heads[1]):
            return False
        if any(
            are_one(words[new.root], words[old.root + 1], tokens[old.root + 1].tag, self.lexicon)
            for old, new in ((left, right), (right, left))
        ):
            return False
        alone = all(
            sum(tokens[child].dep == "amod" for child in tree.children[head]) == 1 for head in heads
        ) and not any(has(tree, part.root, _COORDINATED) for part in (left, right))
        kinds = [self.lexicon.class_name(words[part.root], "ADJ") for part in (left, right)]
        return alone or (kinds[0] != "" and kinds[0] == kinds[1])


def _verbs_may(tree: Tree, left: Part, right: Part) -> bool:
    """Tell whether two verbs of one form may change places while their objects stay."""
    tokens = tree.tokens
    here, there = left.root, right.root
    if tokens[here].tag != tokens[there].tag:
        return False
    if has(tree, here, _OBJECTS) != has(tree, there, _OBJECTS):
        return False
    same = _owner(tree, here) == _owner(tree, there)
    return not same or (has(tree, here, _ARGUMENTS) and has(tree, there, _ARGUMENTS))


def _owner(tree: Tree, verb: int) -> int:
    """Return the noun that does what a verb says, as far as the tree tells; else the verb."""
    tokens = tree.tokens
    for _ in tokens:
        subject = next((c for c in tree.children[verb] if tokens[c].dep in _SUBJECTS), None)
        if subject is not None and tokens[subject].tag not in {"WDT", "WP"}:
            return subject
        head = tokens[verb].head
        if head == verb or tokens[verb].pos in {"NOUN", "PROPN", "PRON"}:
            return verb
        verb = head
    return verb


def _is_linked(tree: Tree, left: int, right: int) -> bool:
    """Tell whether two nouns stand in "A of B", in "A is B" or in apposition."""
    return _leads_to(tree, left, right) or _leads_to(tree, right, left)


def _leads_to(tree: Tree, here: int, there: int) -> bool:
    """Tell whether the second noun is said of the first."""
    tokens = tree.tokens
    dep, head = tokens[there].dep, tokens[there].head
    if dep == "pobj":
        return tokens[head].head == here and tree.words[head] == "of"
    if dep == "appos":
        return head == here
    return dep == "attr" and tokens[here].head == head and tokens[here].dep in _SUBJECTS
