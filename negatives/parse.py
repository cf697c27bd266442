"""The immutable view of a caption that rules see: tokens with tags and heads, and chunks.

Tags are Penn Treebank's (`tag`), universal (`pos`) and the ClearNLP labels of spaCy's English
models (`dep`); spaCy's `Doc` never leaves `spacy_parse.py`.
"""

from typing import NamedTuple


class Token(NamedTuple):
    """One token: `text` is the caption's characters from `start` to `end`.

    `head` is the index of its syntactic head in the parse (its own index for a root).
    """

    start: int
    end: int
    text: str
    pos: str
    tag: str
    dep: str
    head: int


class Chunk(NamedTuple):
    """A base noun phrase: tokens `first` to `last` (inclusive), its head noun at `root`.

    It includes determiners and modifiers before the noun, and nothing after the noun.
    """

    first: int
    last: int
    root: int


class Parse(NamedTuple):
    """A caption's text, its tokens in order, and its chunks in order."""

    text: str
    tokens: tuple[Token, ...]
    chunks: tuple[Chunk, ...]
