"""spaCy's door."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from negatives.models import model_name
from negatives.parse import Chunk, Parse
from negatives.spacy_parse import RememberedTags, load_model, parse_texts, tokenize
from tests.parses import parse_of

ODD = [
    "",
    " ",
    "\t\n",
    "\x00\x01",
    "a\u0301 cafe\u0301 table",
    "\N{DOG FACE}\N{ZERO WIDTH JOINER}\N{CAT FACE} on a mat",
    "\u05db\u05dc\u05d1 \u0644\u0648\u0646",
    "two dogs &amp; a cat &lt;br&gt;",
    'a ""quoted"" sign',
    "word " * 2000,
]


def parse_all(texts: list[str]) -> list[Parse]:
    return list(parse_texts(texts, model=model_name(), batch_size=32))


def check(parse: Parse, text: str) -> None:
    assert parse.text == text
    position = 0
    for token in parse.tokens:
        assert position <= token.start <= token.end <= len(text)
        assert token.text == text[token.start : token.end]
        assert 0 <= token.head < len(parse.tokens)
        position = token.end
    for chunk in parse.chunks:
        assert 0 <= chunk.first <= chunk.root <= chunk.last < len(parse.tokens)


def test_a_parse_says_what_spacy_says() -> None:
    (parse,) = parse_all(["A man isn't riding two brown horses."])
    by_text = {token.text: token for token in parse.tokens}
    assert by_text["horses"][3:6] == ("NOUN", "NNS", "dobj")
    assert parse.tokens[by_text["horses"].head].text == "riding"
    assert parse.tokens[by_text["man"].head].text == "riding"
    assert parse.tokens[by_text["riding"].head].text == "riding"
    assert parse.chunks == (Chunk(0, 1, 1), Chunk(5, 7, 7))


def test_remembered_tags_are_those_of_the_attribute_ruler() -> None:
    texts = [
        *ODD,
        "There's a dog; there is a cat, and there are two birds.",
        "He does have what she had: that dog which has been, but isn't, being walked.",
        "A man who'd do it has done it while nobody 's looking",
        "  a  red\tcar \n is next to something once",
    ] * 2
    nlp = load_model(model_name())
    assert RememberedTags(nlp).is_exact
    docs = nlp.pipe([tokenize(nlp, text) for text in texts])
    for doc, parse in zip(docs, parse_all(texts), strict=True):
        assert [token[3:] for token in parse.tokens] == [
            (token.pos_, token.tag_, token.dep_, token.head.i) for token in doc
        ]
        chunks = [(chunk.start, chunk.end - 1, chunk.root.i) for chunk in doc.noun_chunks]
        assert list(parse.chunks) == chunks


@pytest.mark.parametrize("text", ODD)
def test_odd_texts_are_parsed(text: str) -> None:
    check(parse_all([text])[0], text)


@settings(max_examples=50, deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=80))
def test_any_text_is_parsed(text: str) -> None:
    check(parse_all([text])[0], text)


def test_a_hand_tagged_parse_is_like_spacys() -> None:
    parse = parse_of(
        "[A/DET man/NOUN/NN/nsubj>4] is/AUX _n't/PART riding/VERB/VBG/ROOT "
        "[two/NUM horses/NOUN/NNS] ./PUNCT"
    )
    check(parse, "A man isn't riding two horses.")
    assert [token.text for token in parse.tokens] == [
        "A",
        "man",
        "is",
        "n't",
        "riding",
        "two",
        "horses",
        ".",
    ]
    assert parse.tokens[1].head == 4
    assert parse.chunks == (Chunk(0, 1, 1), Chunk(5, 6, 6))
