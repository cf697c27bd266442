"""Numbers as words and in figures: "two dogs" <-> "2 dogs"."""

from collections.abc import Iterator
from dataclasses import dataclass

from negatives.grammar.trees import Tree, tree_of
from negatives.parse import Parse
from negatives.slots import Slot, Substitutes
from negatives.words.word_sets import word_sets

_WORDS = ["two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
_OTHER = {
    **{word: str(number) for number, word in enumerate(_WORDS, 2)},
    **{str(number): word for number, word in enumerate(_WORDS, 2)},
}
_LABELS = word_sets("count")["labels"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Numerals:
    """ "two dogs" -> "2 dogs".

    One slot a number from two to ten that counts a plural noun.
    """

    def __call__(self, parse: Parse) -> Iterator[Slot]:
        """Yield a slot for each number."""
        if not any(token.tag == "CD" for token in parse.tokens):
            return
        tree = tree_of(parse)
        for index, word in enumerate(tree.words):
            other = _OTHER.get(word)
            if other is not None and _counts(tree, index):
                place = Substitutes(tree.starts[index], tree.ends[index], (other,))
                yield Slot("numerals", "replace", "num", place)


def _counts(tree: Tree, index: int) -> bool:
    """Tell whether a number says how many things there are, and is no name, time or measure."""
    noun = tree.heads[index]
    text = tree.parse.text
    before = tree.words[index - 1] if index else ""
    return (
        tree.deps[index] == "nummod"
        and noun > index
        and tree.tags[noun] == "NNS"
        and not tree.children[index]
        and before not in _LABELS
        and (index == 0 or tree.ends[index - 1] < tree.starts[index])
        and tree.ends[index] < tree.starts[index + 1]
        and not text.isupper()
        and all(tree.tags[place] != "CD" for place in range(index + 1, noun))
        and before not in {"$", "#", "'"}
    )
