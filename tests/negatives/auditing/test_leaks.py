"""The adversary and the reference model: a coin where nothing tells, else nearly always right."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pytest

from data.measures.adversary import (
    NUM_FOLDS,
    distinct_texts,
    folds_of,
    held_out_wins,
    word_reader,
)
from data.records import Row, images_of
from data.streams import Stream
from negatives.auditing.findings import Finding
from negatives.auditing.gap import gap_wins
from negatives.auditing.leaks import (
    LEAST_GROUPS,
    fluency_findings,
    form_findings,
    word_findings,
    word_findings_by_type,
)
from negatives.auditing.pairs import Pair, groups_of, pairs_of, sample_pairs
from tests.negatives.auditing.small_pairs import exchangeable_rows, telling_rows

SPELT = "aeiou"


def vowel_sound(word: str) -> bool:
    return word[0].lower() in SPELT


def by_name(findings: Sequence[Finding]) -> dict[str, Finding]:
    return {finding.group: finding for finding in findings}


def value_of(finding: Finding) -> float:
    assert finding.value is not None
    return finding.value


def test_what_is_exchangeable_is_not_told_apart() -> None:
    pairs = pairs_of(exchangeable_rows(700, seed=1))
    for found in (
        by_name(list(word_findings(pairs, seed=0)))["overall"],
        by_name(list(form_findings(pairs, seed=0, vowel_sound=vowel_sound)))["overall"],
    ):
        assert found.num == 1400
        assert found.low is not None
        assert found.high is not None
        assert found.low <= 0.5 <= found.high
        assert abs(value_of(found) - 0.5) < 0.04
    assert found.verdict() == "inside"


def test_what_gives_itself_away_is_told() -> None:
    pairs = pairs_of(telling_rows(300, seed=1))
    assert value_of(next(word_findings(pairs, seed=0))) > 0.9
    assert value_of(next(form_findings(pairs, seed=0, vowel_sound=vowel_sound))) > 0.9


def test_a_reader_of_form_does_not_read_words() -> None:
    pairs = [
        Pair(row.caption.replace("number", "figure"), row.caption, "replace", "obj", group)
        for group, row in enumerate(exchangeable_rows(100, seed=2))
    ]
    assert value_of(next(form_findings(pairs, seed=0, vowel_sound=vowel_sound))) == 0.5
    assert value_of(next(word_findings(pairs, seed=0))) > 0.95


def test_types_and_subtypes_are_told_apart() -> None:
    half = exchangeable_rows(150, seed=3, kind="swap/obj")
    rows = half + [row._replace(id=f"x{row.id}") for row in telling_rows(150, seed=3)]
    found = by_name(list(word_findings(pairs_of(rows), seed=0)))
    assert list(found) == ["overall", "swap", "swap/att", "swap/obj"]
    assert value_of(found["swap/att"]) > 0.9 > value_of(found["swap/obj"])
    assert found["overall"].num == found["swap/att"].num + found["swap/obj"].num == 600


def test_one_type_alone_shows_what_another_hides() -> None:
    """Red is added in one type and taken away in the other: only apart do they give it away."""
    pairs = [
        pair
        for number in range(200)
        for text, other in [(f"a red car {number}", f"a car {number}")]
        for pair in (
            Pair(text, other, "add", "att", number),
            Pair(other, text, "replace", "att", number),
        )
    ]
    together = value_of(next(word_findings(pairs, seed=0)))
    apart = by_name(list(word_findings_by_type(pairs, seed=0)))
    assert together == pytest.approx(0.5, abs=0.02)
    assert set(apart) == {"add", "replace"}
    assert min(value_of(found) for found in apart.values()) > 0.95


def test_few_images_train_no_adversary() -> None:
    (found,) = word_findings(pairs_of(exchangeable_rows(LEAST_GROUPS // 4, seed=0)), seed=0)
    assert found.verdict() == "not measured"
    assert str(LEAST_GROUPS) in found.why
    assert [finding.value for finding in word_findings([], seed=0)] == [None]


def test_no_image_is_in_two_folds() -> None:
    rows = exchangeable_rows(200, seed=4)
    groups = np.array(groups_of(rows), np.int64)
    folds = folds_of(groups, 0)
    for image in {row.image for row in rows}:
        of_image = {int(folds[n]) for n, row in enumerate(rows) if row.image == image}
        assert len(of_image) == 1
    sizes = np.bincount(folds)
    assert len(sizes) == NUM_FOLDS
    assert sizes.max() - sizes.min() <= 2
    assert not np.array_equal(folds, folds_of(groups, 1))


@pytest.mark.parametrize(
    ("rows", "groups"),
    [
        ([("1", "a.jpg", "A dog."), ("2", "a.jpg", "A cat.")], [0, 0]),
        ([("1", "a.jpg", "A dog."), ("2", "b.jpg", "A cat.")], [0, 1]),
        ([("1", "a.jpg", "A dog."), ("2", "b.jpg", "a  dog")], [0, 0]),
        ([("1", "", "A dog."), ("2", "", "A cat.")], [0, 1]),
        ([("1", "x_val2014_000000391895.jpg", "A dog."), ("2", "000000391895.jpg", "A.")], [0, 0]),
        (
            [
                ("1", "a", "x y"),
                ("2", "b", "z"),
                ("3", "c", "w"),
                ("4", "b", "X, Y"),
                ("5", "c", "z"),
            ],
            [0, 0, 0, 0, 0],
        ),
    ],
)
def test_images_that_share_a_caption_are_one_group(
    rows: list[tuple[str, str, str]], groups: list[int]
) -> None:
    assert groups_of([Row(row[0], images_of(row[1]), *row[2:], ()) for row in rows]) == groups


def test_a_composite_joins_its_two_images() -> None:
    alone = [Row(str(n), (f"{n}.jpg",), f"text {n}", ()) for n in range(4)]
    both = Row("both", ("1.jpg", "3.jpg"), "text 1, text 3", (), (), "left-right")
    assert groups_of([*alone, both]) == [0, 1, 2, 1, 1]
    assert groups_of([both, *alone]) == [0, 1, 0, 2, 0]


def test_a_held_out_pair_teaches_nothing() -> None:
    """Texts are noise: known only to one who was trained on the pair, and then for certain."""
    words_of = [f"{Stream(0, n).below(16**9):09x}" for n in range(400)]
    pairs = [Pair(words_of[2 * n], words_of[2 * n + 1], "swap", "obj", n) for n in range(200)]
    texts, captions, negatives = distinct_texts(
        [pair.caption for pair in pairs], [pair.text for pair in pairs]
    )
    reader = word_reader(texts)
    folds = np.arange(200) % 5
    assert 0.35 < held_out_wins(reader, captions, negatives, folds).mean() < 0.65
    twice = [np.concatenate([side, side]) for side in (captions, negatives)]
    known = held_out_wins(reader, *twice, folds=np.arange(400) % 3)  # 200 is no multiple of 3
    assert known.mean() > 0.95
    with pytest.raises(ValueError, match="two folds"):
        held_out_wins(reader, captions, negatives, np.zeros(200, np.int64))


@dataclass(frozen=True)
class FakeJudge:
    """Finds the longer text the less probable; `texts` counts what it was asked."""

    name: str = "fake/Longer-1"
    version: str = "1"

    def log_probabilities(self, texts: Sequence[str]) -> list[float]:
        assert len(set(texts)) == len(texts), "no text is read twice"
        return [-float(len(text)) for text in texts]


def test_the_gap_is_the_share_of_captions_that_the_model_prefers() -> None:
    pairs = [
        Pair("a cat", "a tiger", "replace", "obj", 0),
        Pair("a cat", "a dog", "replace", "obj", 0),
        Pair("a tiger", "a cat", "swap", "obj", 1),
        Pair("a cat", "a house", "swap", "obj", 2),
    ]
    assert gap_wins(pairs, FakeJudge()).tolist() == [1, 0.5, 0, 1]
    found = by_name(list(fluency_findings(pairs, FakeJudge())))
    assert value_of(found["overall"]) == 0.625
    assert value_of(found["replace"]) == 0.75
    assert found["overall"].bar == (0.40, 0.60)
    assert found["swap"].bar == (0.35, 0.65)
    assert found["swap"].verdict() == "unproven"


def test_a_draw_of_pairs_is_the_same_for_the_same_seed() -> None:
    pairs = pairs_of(exchangeable_rows(50, seed=0))
    one = sample_pairs(pairs, 30, seed=0, key="judge")
    assert len(one) == 30
    assert (
        one
        == sample_pairs(pairs, 30, seed=0, key="judge")
        != sample_pairs(pairs, 30, seed=1, key="judge")
    )
    assert [pairs.index(pair) for pair in one] == sorted(pairs.index(pair) for pair in one)
    assert sample_pairs(pairs, 1000, seed=0, key="judge") == pairs
