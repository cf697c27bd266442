"""Captions -> parses. The only import of spaCy."""

from collections.abc import Iterable, Iterator
from functools import cache
from itertools import pairwise
from typing import Any, cast

import numpy as np
import spacy
from spacy.attrs import DEP, HEAD, IS_SPACE, LOWER, POS, TAG
from spacy.language import Language
from spacy.tokens import Doc

from data.edits import text_at
from data.errors import UsageError
from data.units import units_of
from negatives.parse import Chunk, Parse, Token

UNUSED_PIPES = ("ner", "lemmatizer")
RULER = "attribute_ruler"

_SIGN = 1 << 63  # to_array is unsigned: a head to the left wraps around
_WRITTEN = {"POS", "TAG", "DEP"}  # what parses use of the attribute ruler's output
_READ = {"TAG", "LOWER", "DEP", "IS_SPACE"}  # what the relevant patterns may match


@cache
def load_model(name: str) -> Language:
    """Return the model without unused pipes; loaded once per process.

    Raises:
        UsageError: there is no such model.
    """
    try:
        return spacy.load(name, exclude=list(UNUSED_PIPES))
    except OSError as error:
        raise UsageError(f"negatives.model: no spaCy model {name!r} is installed") from error


def parse_texts(texts: Iterable[str], *, model: str, batch_size: int) -> Iterator[Parse]:
    """Yield a parse for each text, in order; `batch_size` texts are tagged at a time.

    Raises:
        UsageError: there is no such model.
    """
    nlp = load_model(model)
    tags = _tag_cache(model)
    docs = (tokenize(nlp, text) for text in texts)
    for doc in nlp.pipe(docs, batch_size=batch_size, disable=[RULER]):
        yield _parse_of(doc, tags)


def tokenize(nlp: Language, text: str) -> Doc:
    """Tokenise a text without splitting units.

    spaCy splits "<PERSON>" or a joined emoji into three tokens, and keeps "red</b" as one.
    """
    doc = nlp.make_doc(text)
    units = units_of(text).spans
    if not units:
        return doc
    inside = {place for start, end in units for place in range(start + 1, end)}
    tags = sorted({place for unit in units if text[unit[0]] == "<" for place in unit})
    words: list[str] = []
    spaces: list[bool] = []
    for token in doc:
        start, end = token.idx, token.idx + len(token)
        bounds = [start, *(tag for tag in tags if start < tag < end), end]
        for first, last in pairwise(bounds):
            piece = text_at(text, first, last)
            if first in inside and words:
                words[-1] += f" {piece}" if spaces.pop() else piece
            else:
                words.append(piece)
            spaces.append(last == end and bool(token.whitespace_))
    return Doc(nlp.vocab, words=words, spaces=spaces)


class RememberedTags:
    """The attribute ruler, run once for each kind of token that it distinguishes.

    It maps tags to universal parts of speech; matching its patterns on every token takes a third of
    the parser's time. The relevant patterns match a token's tag and label, a few words, and the
    label before; results are cached by these. If a model's patterns match anything else, `is_exact`
    is False and the ruler runs on every text.
    """

    def __init__(self, nlp: Language) -> None:
        """Read the ruler's patterns."""
        self._ruler = cast("Any", nlp.get_pipe(RULER))
        self._known: dict[tuple[int, ...], tuple[int, int, int]] = {}
        strings = nlp.vocab.strings
        patterns = [p for p in self._ruler.patterns if _WRITTEN & set(p["attrs"])]
        tokens = [
            token for pattern in patterns for tokens in pattern["patterns"] for token in tokens
        ]
        before = [
            tokens[0]
            for pattern in patterns
            for tokens in pattern["patterns"]
            if len(tokens) == 2 and pattern["index"] == 1
        ]
        self._words = {strings[word] for token in tokens for word in _values(token, "LOWER")}
        self._before = {strings[label] for token in before for label in _values(token, "DEP")}
        self.is_exact = (
            all(len(p["patterns"][0]) == 1 + p["index"] <= 2 for p in patterns)
            and all(set(token) <= _READ for token in tokens)
            and all(set(token) == {"DEP"} for token in before)
        )

    def of(self, doc: Doc) -> list[tuple[int, int, int]]:
        """Return (part of speech, tag, label) of each token, as spaCy's numbers."""
        known, words, labels = self._known, self._words, self._before
        keys: list[tuple[int, ...]] = []
        before = 0
        for tag, word, label, is_space in doc.to_array([TAG, LOWER, DEP, IS_SPACE]).tolist():
            keys.append((tag, word if word in words else 0, label, is_space, before))
            before = label if label in labels else 0
        if self.is_exact and all(key in known for key in keys):
            found = [known[key] for key in keys]
            column = np.array([[pos] for pos, _, _ in found], dtype=np.uint64)
            doc.from_array([POS], cast("Any", column))
            return found
        self._ruler(doc)
        found = [(pos, tag, label) for pos, tag, label in doc.to_array([POS, TAG, DEP]).tolist()]
        known.update(zip(keys, found, strict=True))
        return found


@cache
def _tag_cache(model: str) -> RememberedTags:
    return RememberedTags(load_model(model))


def _values(token: dict[str, Any], attribute: str) -> Iterable[str]:
    """Return the strings that a pattern's token matches an attribute against."""
    value = token.get(attribute, ())
    if isinstance(value, str):
        return (value,)
    return [item for items in value.values() for item in items] if value else ()


def _parse_of(doc: Doc, tags: RememberedTags) -> Parse:
    strings = doc.vocab.strings
    text = doc.text
    tokens: list[Token] = []
    heads = doc.to_array([HEAD]).tolist()
    for index, (token, (pos, tag, dep), head) in enumerate(
        zip(doc, tags.of(doc), heads, strict=True)
    ):
        start = token.idx
        end = start + len(token)
        word = text_at(text, start, end)
        shift = head if head < _SIGN else head - 2 * _SIGN
        names = strings[pos], strings[tag], strings[dep]
        tokens.append(Token(start, end, word, *names, index + shift))
    chunks = tuple([Chunk(c.start, c.end - 1, c.root.i) for c in doc.noun_chunks])
    return Parse(text, tuple(tokens), chunks)
