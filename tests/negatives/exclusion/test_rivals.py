"""Rivals keep the same company and are never said of one image; a fold has no part in its own."""

from collections.abc import Sequence

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from negatives.exclusion.counting import tally_siblings
from negatives.exclusion.mentions import Numbering, mentions_of
from negatives.exclusion.model import fit_words, hashes_of
from negatives.exclusion.rivals import NO_RIVALS, Rivals, find_rivals, rivals_of
from negatives.fluency.captions import index_caption
from negatives.fluency.counting import tally_block
from negatives.fluency.counts import NUM_FOLDS, Table, merge_tallies, table_of
from negatives.fluency.words import Words, hash_of
from negatives.words.lexicon import load
from tests.parses import parse_of

HOLDS = "a/DET//det>1 man/NOUN//nsubj>2 holds/VERB/VBZ/ROOT>2 a/DET//det>4 {}/NOUN//dobj>2"
WALKS = (
    "a/DET//det>1 man/NOUN//nsubj>2 walks/VERB/VBZ/ROOT>2 on/ADP//prep>2 a/DET//det>5 "
    "{}/NOUN//pobj>3"
)
SLEEPS = "a/DET//det>1 man/NOUN//nsubj>2 sleeps/VERB/VBZ/ROOT>2"
NUM_IMAGES = 400
LEXICON = load()
LEMMAS = {
    "NOUN": ("man", "guitar", "umbrella", "street", "road", "bridge"),
    "VERB": ("hold", "walk", "sleep"),
    "ADJ": (),
}


def corpus_table(folds: Sequence[int]) -> Table:
    """Return the counts of images, some of four things: a road is a street, and nobody holds it."""
    numbering, words = Numbering(LEXICON), Words(LEXICON)
    parses, images = [], []
    for image in range(NUM_IMAGES):
        for caption in range(7):
            said = (
                HOLDS.format("guitar"),
                HOLDS.format("umbrella"),
                WALKS.format(("street", "road")[caption % 2]),
                WALKS.format("bridge"),
            )
            kind = image % 16
            is_said = kind < len(said) and caption < 6  # one of them misses it
            parses.append(parse_of(said[kind] if is_said else SLEEPS))
            images.append(image)
    fold_of = [folds[image] for image in images]
    siblings = tally_siblings(
        [mentions_of(parse, numbering) for parse in parses], images, fold_of, numbering
    )
    views = [index_caption(parse, words) for parse in parses]
    return table_of(merge_tallies([siblings, tally_block(views, fold_of, words)]))


def found_in(table: Table) -> Rivals:
    hashes = hashes_of(LEMMAS)
    return rivals_of(
        [find_rivals(table, fit_words(table, hashes, fold), LEXICON) for fold in range(NUM_FOLDS)],
        LEXICON,
    )


@pytest.fixture(scope="module")
def rivals() -> Rivals:
    return found_in(corpus_table([image // 16 % NUM_FOLDS for image in range(NUM_IMAGES)]))


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        ("guitar", "umbrella", True),
        ("street", "bridge", True),
        ("road", "bridge", True),
        ("street", "road", False),  # names of one thing
        ("guitar", "bridge", False),  # they exclude each other, but one is held and one trodden
        ("man", "guitar", False),
    ],
)
def test_who_are_rivals(rivals: Rivals, left: str, right: str, *, expected: bool) -> None:
    for fold in range(NUM_FOLDS):
        outside = rivals.outside(fold)
        assert (right in outside.of(left)) is expected
        assert (left in outside.of(right)) is expected


def test_images_of_a_fold_have_no_part_in_its_own_alternatives() -> None:
    """All images of guitars are in fold 2, and captions of fold 2 know of no guitar."""
    found = found_in(
        corpus_table([2 if image % 16 == 0 else image // 16 % 5 for image in range(NUM_IMAGES)])
    )
    known = [found.outside(fold).of("guitar") for fold in range(NUM_FOLDS)]
    assert known == [("umbrella",), ("umbrella",), (), ("umbrella",), ("umbrella",)]


def test_folds_are_united() -> None:
    guitar, umbrella, street = (hash_of(word) for word in ("guitar", "umbrella", "street"))
    one = np.array([[guitar, umbrella]], np.uint64)
    both = np.array([[umbrella, guitar], [street, guitar]], np.uint64)
    none = np.zeros((0, 2), np.uint64)
    found = rivals_of([one, none, both, none, none], LEXICON)
    assert [found.outside(fold).of("guitar") for fold in range(NUM_FOLDS)] == [
        ("umbrella",), (), ("street", "umbrella"), (), (),
    ]  # fmt: skip
    assert found.outside(2).of("street") == ("guitar",)
    assert rivals_of([none] * NUM_FOLDS, LEXICON).outside(0).of("guitar") == ()
    assert NO_RIVALS.outside(0).of("guitar") == ()


def test_rivals_do_not_depend_on_threads() -> None:
    table = corpus_table([image // 16 % NUM_FOLDS for image in range(NUM_IMAGES)])
    found = []
    for threads in (1, 2):
        with threadpool_limits(threads):
            found.append(find_rivals(table, fit_words(table, hashes_of(LEMMAS), 0), LEXICON))
    assert np.array_equal(*found)
