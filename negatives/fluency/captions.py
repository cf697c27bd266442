"""A caption as the corpus model sees it: its words in a row, and its pairs of words.

Pairs are a head and a dependant with their relation ("dobj": riding, horse), with prepositions as
relations ("on": man, bench), and any two content words of a caption ("beside").
"""

from collections.abc import Sequence
from typing import NamedTuple

from negatives.fluency.words import BEGIN, END, Words
from negatives.parse import Parse, Token

ORDER = 3  # for the n-grams
PADDING = ORDER - 1

_RELATIONS = frozenset(
    (
        "nsubj", "nsubjpass", "dobj", "dative", "attr", "acomp", "oprd", "amod", "compound",
        "nmod", "nummod", "conj", "acl", "relcl", "advcl", "prt", "advmod", "poss", "appos",
        "xcomp", "ccomp",
    )
)  # fmt: skip
_PREPOSITIONS = frozenset(("prep", "agent"))
_CONTENT = frozenset(("NOUN", "VERB", "ADJ"))


class WordPair(NamedTuple):
    """A head and its dependant, by their indices among the caption's tokens."""

    relation: str
    head: int
    dependant: int


class IndexedCaption(NamedTuple):
    """A caption's words by number, their positions by token, its pairs and content words.

    `row`: PADDING start marks, the words, the end mark. `position[token]`: the position of a
    token's word in `row`; a white-space token has the position of the next word.
    """

    parse: Parse
    row: list[int]
    position: list[int]
    pairs: list[WordPair]
    content: list[int]


def index_caption(parse: Parse, words: Words) -> IndexedCaption:
    """Return a caption in the model's form."""
    row = [BEGIN] * PADDING
    position: list[int] = []
    content: list[int] = []
    id_of = words.id_of
    for index, token in enumerate(parse.tokens):
        position.append(len(row))
        if token.pos != "SPACE":
            row.append(id_of(token.text))
            if token.pos in _CONTENT:
                content.append(index)
    row.append(END)
    return IndexedCaption(parse, row, position, _pairs_of(parse.tokens), content)


def _pairs_of(tokens: Sequence[Token]) -> list[WordPair]:
    pairs: list[WordPair] = []
    for index, token in enumerate(tokens):
        relation = token.dep
        if relation in _RELATIONS:
            pairs.append(WordPair(relation, token.head, index))
        elif relation == "pobj":
            preposition = tokens[token.head]
            governor = preposition.head
            while tokens[governor].dep in _PREPOSITIONS and tokens[governor].head != governor:
                governor = tokens[governor].head  # "out of the water"
            if governor not in (index, token.head):
                pairs.append(WordPair(preposition.text.lower(), governor, index))
    return pairs
