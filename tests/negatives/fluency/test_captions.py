"""What the corpus model sees of a caption, on captions tagged by hand."""

import pytest

from negatives.fluency.captions import PADDING, IndexedCaption, WordPair, index_caption
from negatives.fluency.words import BEGIN, END, Words, hash_of
from negatives.words.lexicon import Table
from tests.parses import parse_of

WORDS = Words(Table(classes={("NOUN", "animal"): ["dog", "cat"]}, forms={("dog", "NNS"): "dogs"}))


def view(tagged: str) -> IndexedCaption:
    return index_caption(parse_of(tagged), WORDS)


def pairs(tagged: str) -> list[tuple[str, str, str]]:
    seen = view(tagged)
    tokens = seen.parse.tokens
    return [(name, tokens[head].text, tokens[other].text) for name, head, other in seen.pairs]


def test_a_row_is_the_words_between_its_marks() -> None:
    seen = view("A/DET Dog/NOUN sleeps/VERB ./PUNCT")
    ids = [WORDS.id_of(word) for word in ("a", "dog", "sleeps", ".")]
    assert seen.row == [BEGIN] * PADDING + ids + [END]
    assert [seen.row[index] for index in seen.position] == ids
    assert seen.content == [1, 2]
    assert view("").row == [BEGIN] * PADDING + [END]


def test_case_and_articles_are_no_words_of_their_own() -> None:
    assert view("An/DET apple/NOUN").row == view("a/DET Apple/NOUN").row
    assert view("An/DET apple/NOUN").row != view("the/DET apple/NOUN").row


def test_white_space_is_no_word() -> None:
    seen = view("a/DET ~/SPACE dog/NOUN")
    assert seen.row == view("a/DET dog/NOUN").row
    assert seen.position == [PADDING, PADDING + 1, PADDING + 1]
    assert seen.content == [2]


@pytest.mark.parametrize(
    ("tagged", "expected"),
    [
        (
            "a/DET//det>1 man/NOUN//nsubj>2 rides/VERB//ROOT>2 horses/NOUN//dobj>2",
            [("nsubj", "rides", "man"), ("dobj", "rides", "horses")],
        ),
        (
            "man/NOUN//ROOT>0 on/ADP//prep>0 a/DET//det>3 bench/NOUN//pobj>1",
            [("on", "man", "bench")],
        ),
        (
            "jumps/VERB//ROOT>0 Out/ADP//prep>0 of/ADP//prep>1 water/NOUN//pobj>2",
            [("of", "jumps", "water")],
        ),
        (
            "ridden/VERB//ROOT>0 by/ADP//agent>0 men/NOUN//pobj>1",
            [("by", "ridden", "men")],
        ),
        ("On/ADP//ROOT>0 grass/NOUN//pobj>0", []),
    ],
)
def test_pairs_fold_prepositions(tagged: str, expected: list[tuple[str, str, str]]) -> None:
    assert pairs(tagged) == expected


def test_a_pair_is_of_tokens_not_of_words() -> None:
    seen = view("~/SPACE red/ADJ//amod>2 dog/NOUN//ROOT>2")
    assert seen.pairs == [WordPair("amod", 2, 1)]
    assert seen.row[seen.position[2]] == WORDS.id_of("dog")


def test_words_have_the_hash_of_their_class_and_form() -> None:
    def class_of(word: str) -> int:
        number = WORDS.id_of(word)
        return int(WORDS.class_hashes()[number])

    assert class_of("dog") == class_of("cat") != class_of("dogs")
    assert class_of("street") == hash_of("street")
    assert len(set(WORDS.hashes().tolist())) == len(WORDS.hashes())


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("next to", ["next", "to"]),
        ("t-shirt", ["t", "-", "shirt"]),
        ("An old dog", ["a", "old", "dog"]),
        ("", []),
    ],
)
def test_what_an_edit_puts_in_is_cut_as_a_parse_is(text: str, words: list[str]) -> None:
    assert WORDS.ids_of(text) == tuple(map(WORDS.id_of, words))
