"""Scores and the model: words that name one thing overlap, those that exclude each other do not."""

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from data.streams import Stream
from negatives.exclusion.counting import tally_siblings
from negatives.exclusion.factors import factors_of, start_of
from negatives.exclusion.mentions import Numbering
from negatives.exclusion.model import (
    Exclusion,
    Vocabulary,
    exclusion_of,
    fit_words,
    hashes_of,
    names_of_one_thing,
    overlaps_outside,
)
from negatives.exclusion.scores import Prior, posterior
from negatives.fluency.counts import Table, table_of
from negatives.fluency.words import hash_of
from negatives.words.lexicon import Table as Lexicon

NUM_IMAGES = 400
WORDS = ("hat", "cap", "dog", "cat", "tree", "sky", "moon")


def judged(table: Table) -> Exclusion:
    lemmas = hashes_of({"NOUN": WORDS})
    return exclusion_of([names_of_one_thing(fit_words(table, lemmas, fold)) for fold in range(5)])


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
    return Vocabulary.of(table, "NOUN", hashes_of({"NOUN": WORDS})["NOUN"])


@pytest.fixture(scope="module")
def exclusion(table: Table) -> Exclusion:
    return judged(table)


PAIRS = {("hat", "cap"): "one thing", ("dog", "cat"): "excludes", ("dog", "hat"): "excludes"}


@pytest.mark.parametrize("words", PAIRS)
def test_what_excludes_what(
    vocabulary: Vocabulary, exclusion: Exclusion, words: tuple[str, str]
) -> None:
    is_one_thing = PAIRS[words] == "one thing"
    places = {hashed: index for index, hashed in enumerate(vocabulary.hashes.tolist())}
    left, right = sorted(places[hash_of(word)] for word in words)
    for fold in range(5):
        found = overlaps_outside(
            vocabulary, vocabulary.factors(fold), fold, np.array([left]), np.array([right])
        )
        assert found.exclude().tolist() == [not is_one_thing]
        assert found.may_name_one_thing().tolist() == [is_one_thing]
        outside = exclusion.outside(fold)
        assert {outside.holds(*pair, "NOUN") for pair in (words, words[::-1])} == {is_one_thing}
        assert not outside.holds(*words, "VERB")
        assert not outside.holds(words[0], "moon", "NOUN")


def test_a_verdict_is_without_its_own_fold() -> None:
    """Where only the images of one fold tell, the others do not know."""
    numbering = Numbering(Lexicon())
    said, images = [], []
    for image in range(40):
        for word in ("hat", "cap") if image < 30 else ("hat", "hat"):
            said.append([numbering.mention(numbering.id_of("noun"), numbering.id_of(word))])
            images.append(image)
    folds = [0 if image < 30 else 1 for image in images]
    table = table_of(tally_siblings(said, images, folds, numbering))
    found = judged(table)
    held = [found.outside(fold).holds("hat", "cap", "NOUN") for fold in range(5)]
    assert held == [False, True, True, True, True]


def test_a_word_never_said_is_not_in_the_vocabulary(vocabulary: Vocabulary) -> None:
    assert hash_of("moon") not in vocabulary.hashes.tolist()


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


def test_factors_do_not_depend_on_threads() -> None:
    """A worker has fewer threads than a driver, and rounds to the same figures."""
    place = np.arange(1500, dtype=np.int64)
    images = (3000 / (1 + place * 37 % 1500)).clip(5).astype(np.float32)
    exposure = np.minimum(images[:, None], images)
    met = (place[:, None] * 7919 + place * 104729) % 101 < 20
    apart = np.triu(np.round(exposure * 0.1) * met, 1).astype(np.float32)
    start = start_of(place.astype(np.uint64), 20)
    likely = []
    for threads in (1, 2):
        with threadpool_limits(threads):
            factors = factors_of(apart + apart.T, exposure, start=start, rounds=20)
            likely.append((factors @ factors.T).round(4))
    assert np.array_equal(*likely)
