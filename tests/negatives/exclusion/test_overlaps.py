"""Scores and the model: words that name one thing overlap, those that exclude each other do not."""

import numpy as np
import pytest

from data.streams import Stream
from negatives.exclusion.counting import tally_siblings
from negatives.exclusion.factors import factors_of, start_of
from negatives.exclusion.mentions import Numbering
from negatives.exclusion.model import Vocabulary, overlaps_of, vocabulary_of
from negatives.exclusion.scores import Prior, posterior
from negatives.fluency.counts import Table, table_of
from negatives.words.lexicon import Table as Lexicon

NUM_IMAGES = 400


@pytest.fixture(scope="module")
def table() -> Table:
    """A world of four things; "hat" and "cap" name one, "dog" and "cat" are never the same."""
    stream = Stream(1, "captions")
    numbering = Numbering(Lexicon())
    said, images = [], []
    for image in range(NUM_IMAGES):
        thing = ("hat", "dog", "cat", "tree")[image % 4]
        for _ in range(5):
            word = ("hat", "cap")[stream.below(2)] if thing == "hat" else thing
            if stream.chance(0.2):
                word = "sky"
            said.append([numbering.mention(numbering.id_of("noun"), numbering.id_of(word))])
            images.append(image)
    return table_of(tally_siblings(said, images, [i % 5 for i in images], numbering))


@pytest.fixture(scope="module")
def vocabulary(table: Table) -> Vocabulary:
    return vocabulary_of(table, "noun", ["hat", "cap", "dog", "cat", "tree", "sky", "moon"])


@pytest.mark.parametrize(
    ("left", "right", "excludes", "one_thing"),
    [
        ("hat", "cap", False, True),
        ("dog", "cat", True, False),
        ("dog", "hat", True, False),
    ],
)
def test_what_excludes_what(
    table: Table, vocabulary: Vocabulary, left: str, right: str, *, excludes: bool, one_thing: bool
) -> None:
    places = vocabulary.places()
    for a, b in ((left, right), (right, left)):
        for fold in (None, 0):
            found = overlaps_of(
                table, vocabulary, np.array([places[a]]), np.array([places[b]]), without=fold
            )
            assert found.exclude().tolist() == [excludes]
            assert found.may_name_one_thing().tolist() == [one_thing]


def test_a_word_never_said_is_not_in_the_vocabulary(vocabulary: Vocabulary) -> None:
    assert "moon" not in vocabulary.words


@pytest.mark.parametrize(
    ("count", "expected", "low", "high"), [(0, 100, 0.0, 0.04), (50, 100, 0.35, 0.65)]
)
def test_the_posterior_holds_the_truth(
    count: float, expected: float, low: float, high: float
) -> None:
    found = posterior(np.array([count]), np.array([expected]), Prior(0.1, 2.0))
    assert low <= found.quantile(0.025)[0] <= found.mean()[0] <= found.quantile(0.975)[0] <= high
    assert found.below(1.0)[0] > 0.99


def test_factors_find_the_groups() -> None:
    group = np.arange(30) // 10
    truth = (group[:, None] == group).astype(np.float32) * 0.5 + 0.01
    exposure = np.full((30, 30), 40, np.float32)
    apart = np.round(truth * exposure)
    hidden = np.zeros((30, 30), bool)
    hidden[0, 1] = hidden[1, 0] = hidden[0, 15] = hidden[15, 0] = True
    factors = factors_of(
        np.where(hidden, 0, apart), np.where(hidden, 0, exposure).astype(np.float32),
        start=start_of(np.arange(30, dtype=np.uint64), 3), rounds=100,
    )  # fmt: skip
    assert factors[0] @ factors[1] > 0.3
    assert factors[0] @ factors[15] < 0.1
