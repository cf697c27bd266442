"""The vectorised scores beside a slow reading of the definitions; ties are frequent here."""

from fractions import Fraction
from itertools import permutations, product
from statistics import fmean

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.training.evaluation.features import encodings_of, scored
from training.evaluation.encodings import Encodings
from training.evaluation.outcomes import class_features, classified, compared, retrieved
from training.evaluation.tasks import (
    CAPTIONS,
    GROUP,
    GROUP_IMAGE,
    GROUP_TEXT,
    IMAGES,
    PARAPHRASES,
    TEXT_ALONE,
    TRUE_BEFORE_FALSE,
    Classification,
    ImageRef,
    Item,
    Layout,
    Measure,
    Retrieval,
    Task,
)

Table = NDArray[np.float32]

few = st.integers(-1, 1)
"""Scores of three values: most are ties."""


def tables(num_rows: int, num_columns: int) -> st.SearchStrategy[Table]:
    row = st.lists(few, min_size=num_columns, max_size=num_columns)
    found = st.lists(row, min_size=num_rows, max_size=num_rows)
    return found.map(lambda rows: np.array(rows, np.float32))


def worst(*pairs: tuple[float, float]) -> float:
    """Return 1 if the first of each pair is more, 0 if one is less, else a half."""
    if any(more < less for more, less in pairs):
        return 0.0
    return 0.5 if any(more == less for more, less in pairs) else 1.0


def by_hand(layout: Layout, score: Table) -> float:
    """Return the credit of one item whose images and captions have these scores, I x T."""
    num_captions = score.shape[1]
    half = num_captions // 2
    text = [(score[a, a], score[a, b]) for a, b in permutations(range(min(score.shape)), 2)]
    image = [(score[a, a], score[b, a]) for a, b in permutations(range(min(score.shape)), 2)]
    pairs = {
        CAPTIONS: [(score[0, 0], other) for other in score[0, 1:]],
        IMAGES: [(score[0, 0], other) for other in score[1:, 0]],
        GROUP_TEXT: text,
        GROUP_IMAGE: image,
        GROUP: text + image,
        PARAPHRASES: [(score[0, k], score[0, -1]) for k in range(num_captions - 1)],
        TRUE_BEFORE_FALSE: list(product(score[0, :half], score[0, half:])),
    }
    return worst(*pairs[layout])


@pytest.mark.parametrize(
    ("layout", "shape"),
    [
        (CAPTIONS, (1, 2)), (CAPTIONS, (1, 4)), (IMAGES, (5, 1)), (GROUP_TEXT, (2, 2)),
        (GROUP_TEXT, (3, 3)), (GROUP_IMAGE, (2, 2)), (GROUP, (2, 2)), (PARAPHRASES, (1, 3)),
        (TRUE_BEFORE_FALSE, (1, 4)),
    ],
)  # fmt: skip
@given(data=st.data())
def test_an_item_is_right_wrong_or_even(
    layout: Layout, shape: tuple[int, int], data: st.DataObject
) -> None:
    score = data.draw(tables(*shape))
    item = Item(
        "0", tuple(ImageRef(str(n)) for n in range(shape[0])), tuple(map(str, range(shape[1])))
    )
    outcomes = compared(Task(name="", layout=layout, items=(item,)), scored(score))
    assert outcomes.credits_N.tolist() == [by_hand(layout, score)]


@given(tables(3, 2))
def test_texts_alone_are_compared_with_each_other(features: Table) -> None:
    encodings = encodings_of({}, {str(n): row for n, row in enumerate(features.tolist())})
    score = features @ features.T
    outcomes = compared(
        Task(name="", layout=TEXT_ALONE, items=(Item("0", (), ("0", "1", "2")),)), encodings
    )
    pairs = ((score[0, 1], score[0, 2]), (score[1, 0], score[1, 2]))
    assert outcomes.credits_N.tolist() == [worst(*pairs)]


PLACES = ("0", "1", "2", "gone")


@given(
    tables(3, 4),
    st.lists(st.tuples(st.sampled_from(PLACES), st.integers(0, 3), st.integers(0, 3)), max_size=12),
)
def test_many_items_some_of_which_lack_their_image(
    score: Table, asked: list[tuple[str, int, int]]
) -> None:
    items = tuple(
        Item(str(n), (ImageRef(image),), (str(true), str(false)))
        for n, (image, true, false) in enumerate(asked)
    )
    outcomes = compared(Task(name="", layout=CAPTIONS, items=items), scored(score))
    for found, (image, true, false) in zip(outcomes.credits_N, asked, strict=True):
        if image == "gone":
            assert np.isnan(found)
        else:
            row = score[int(image)]
            assert found == worst((row[true], row[false]))
    assert len(set(outcomes.groups_N.tolist())) == len({image for image, _, _ in asked})


def test_a_group_needs_all_its_images() -> None:
    item = Item("0", (ImageRef("0"), ImageRef("gone")), ("0", "1"))
    outcomes = compared(
        Task(name="", layout=GROUP, items=(item,)), scored(np.eye(2, dtype=np.float32))
    )
    assert np.isnan(outcomes.credits_N).all()


def test_captions_that_come_first_win_nothing() -> None:
    """A model that finds all alike scores a half, not all and not nothing."""
    items = tuple(Item(str(n), (ImageRef("0"),), ("0", "1", "2")) for n in range(4))
    outcomes = compared(
        Task(name="", layout=CAPTIONS, items=items), scored(np.zeros((1, 3), np.float32))
    )
    assert outcomes.credits_N.tolist() == [0.5] * 4


@given(
    st.lists(
        st.tuples(st.sampled_from(["a", "b/x", "b/y", "c"]), st.booleans(), st.booleans()),
        min_size=1, max_size=20,
    )
)  # fmt: skip
def test_strata_weigh_the_same_whatever_their_size(asked: list[tuple[str, bool, bool]]) -> None:
    score = np.array([[1, 0]], np.float32)
    items = tuple(
        Item(str(n), (ImageRef("0" if there else "gone"),), ("0", "1") if right else ("1", "0"))
        for n, (_, right, there) in enumerate(asked)
    )
    strata = tuple(name for name, _, _ in asked)
    outcomes = compared(Task(name="", layout=CAPTIONS, items=items, strata=strata), scored(score))
    assert outcomes.measure == "mean of means"
    present = np.isfinite(outcomes.credits_N)
    means: dict[str, list[float]] = {}
    for name in dict.fromkeys(strata):
        own = [float(right) for other, right, there in asked if other == name and there]
        if own:
            means.setdefault(name.partition("/")[0], []).append(fmean(own))
    if means:
        found = (outcomes.credits_N * outcomes.weights_N)[present].mean()
        assert found == pytest.approx(fmean(fmean(part) for part in means.values()))
        assert outcomes.weights_N[present].mean() == pytest.approx(1)


def rank_credit(own: float, others: list[float], cut: int) -> float:
    """Return the mean of what the best and the worst order of equal scores give."""
    above, level = sum(o > own for o in others), sum(o == own for o in others)
    return fmean([float(above < cut), float(above + level < cut)])


@given(tables(4, 6), st.permutations([0, 0, 1, 1, 2, 3]), st.sets(st.sampled_from("0123")))
def test_recall_beside_its_definition(score: Table, owner: list[int], gone: set[str]) -> None:
    keys = [f"gone {n}" if str(n) in gone else str(n) for n in range(4)]
    task = Retrieval(
        name="",
        images=tuple(map(ImageRef, keys)),
        captions=tuple(map(str, range(6))),
        owner=tuple(owner),
    )
    there = [n for n in range(4) if str(n) not in gone]
    offered = [c for c in range(6) if owner[c] in there]
    found = {outcomes.measure: outcomes for outcomes in retrieved(task, scored(score))}
    assert list(found) == [f"{side} R@{cut}" for side in ("I2T", "T2I") for cut in (1, 5, 10)]
    for cut in (1, 5, 10):
        for image, credit in enumerate(found[f"I2T R@{cut}"].credits_N):
            if image not in there:
                assert np.isnan(credit)
                continue
            own = max(score[image, c] for c in offered if owner[c] == image)
            others = [score[image, c] for c in offered if owner[c] != image]
            assert credit == rank_credit(own, others, cut)
        for caption, credit in enumerate(found[f"T2I R@{cut}"].credits_N):
            if caption not in offered:
                assert np.isnan(credit)
                continue
            own = score[owner[caption], caption]
            others = [score[n, caption] for n in there if n != owner[caption]]
            assert credit == rank_credit(own, others, cut)


def test_equal_captions_are_even_however_many_there_are() -> None:
    """A product with a single row is rounded otherwise: the last part must not be one row."""
    num, wide = 1025, 512
    wave = np.sin(np.outer(np.arange(1, 4), np.arange(1, wide + 1))).astype(np.float32)
    texts = {str(n): wave[n % 2] for n in range(num)}
    texts["0"] = texts["1024"] = wave[2]
    task = Retrieval(
        name="",
        images=(ImageRef("a"), ImageRef("b")),
        captions=tuple(texts),
        owner=(0, *[1] * (num - 1)),
    )
    first = next(iter(retrieved(task, encodings_of({"a": wave[2], "b": wave[0]}, texts))))
    assert first.credits_N[0] == 0.5  # "0" is of image a, "1024" of image b


def test_chance_of_recall_is_that_of_a_drawn_order() -> None:
    """Two images with two captions, one with one: of five captions, R@1 and R@5."""
    task = Retrieval(
        name="", images=tuple(ImageRef(str(n)) for n in range(3)),
        captions=tuple(map(str, range(5))), owner=(0, 0, 1, 1, 2),
    )  # fmt: skip
    found = {o.measure: o.chance for o in retrieved(task, scored(np.zeros((3, 5), np.float32)))}
    assert found["I2T R@1"] == pytest.approx(float(Fraction(2, 5) * 2 + Fraction(1, 5)) / 3)
    assert found["T2I R@1"] == pytest.approx(1 / 3)
    assert found["I2T R@5"] == found["T2I R@5"] == found["T2I R@10"] == 1


def test_chance_counts_captions_that_are_found_together_once() -> None:
    task = Retrieval(
        name="", images=tuple(ImageRef(str(n)) for n in range(10)),
        captions=tuple(map(str, range(20))), owner=tuple(n // 2 for n in range(20)),
    )  # fmt: skip
    found = {o.measure: o.chance for o in retrieved(task, scored(np.zeros((10, 20), np.float32)))}
    assert found["I2T R@5"] == pytest.approx(1 - (15 * 14) / (20 * 19))


def test_nothing_there_is_no_score_and_no_error() -> None:
    encodings = encodings_of({}, {"0": [1.0], "1": [2.0]})
    retrieval = Retrieval(name="", images=(ImageRef("a"),), captions=("0",), owner=(0,))
    for outcomes in retrieved(retrieval, encodings):
        assert np.isnan(outcomes.credits_N).all()
        assert outcomes.chance == 0
    task = Task(name="", layout=CAPTIONS, items=(Item("0", (ImageRef("a"),), ("0", "1")),))
    assert np.isnan(compared(task, encodings).credits_N).all()
    assert compared(Task(name="", layout=CAPTIONS, items=()), encodings).chance == 0
    classes = classes_of(((0,),), keys=("a",), classes=(("0",), ("1",)))
    assert np.isnan(classified(classes, encodings).credits_N).all()


def classes_of(
    labels: tuple[tuple[int, ...], ...],
    *,
    keys: tuple[str, ...],
    classes: tuple[tuple[str, ...], ...],
    measure: Measure = "accuracy",
    templates: tuple[str, ...] = ("{}",),
) -> Classification:
    return Classification(
        name="", images=tuple(map(ImageRef, keys)), labels=labels, classes=classes,
        templates=templates, measure=measure,
    )  # fmt: skip


@given(
    score=tables(5, 3),
    labels=st.lists(st.integers(0, 2), min_size=5, max_size=5),
    even=st.booleans(),
)
def test_classes_beside_their_definition(score: Table, labels: list[int], *, even: bool) -> None:
    keys = ("0", "1", "gone", "3", "4")
    task = classes_of(
        tuple((label,) for label in labels),
        keys=keys,
        classes=(("0",), ("1",), ("2",)),
        measure="mean per class" if even else "accuracy",
    )
    outcomes = classified(task, scored(score))
    expected = [
        worst(*((score[n, labels[n]], score[n, c]) for c in range(3) if c != labels[n]))
        for n in range(5)
    ]
    assert np.isnan(outcomes.credits_N[2])
    present = [0, 1, 3, 4]
    assert outcomes.credits_N[present].tolist() == [expected[n] for n in present]
    value = (outcomes.credits_N * outcomes.weights_N)[present].mean()
    groups = {labels[n]: [expected[m] for m in present if labels[m] == labels[n]] for n in present}
    mean = fmean(fmean(own) for own in groups.values())
    assert value == pytest.approx(mean if even else fmean(expected[n] for n in present))
    assert outcomes.chance == pytest.approx(1 / 3)


def test_a_class_is_the_mean_of_its_names_and_templates() -> None:
    texts = {"a x": [1.0, 0.0], "a y": [0.6, 0.8], "the x": [0.0, 1.0], "the y": [0.8, 0.6],
             "a z": [-1.0, 0.0], "the z": [-0.6, -0.8]}  # fmt: skip
    task = classes_of(
        ((0,),), keys=("p",), classes=(("x", "y"), ("z",)), templates=("a {}", "the {}")
    )
    mean = np.array([2.4, 2.4]) / 4
    encodings: Encodings = encodings_of({"p": [0.6, 0.8]}, texts)
    own = float(mean @ [0.6, 0.8] / np.linalg.norm(mean))
    found = class_features(task, encodings)
    assert found[0] @ encodings.image_ID[0] == pytest.approx(own)
    assert np.linalg.norm(found, axis=1) == pytest.approx([1, 1])
    assert classified(task, encodings).credits_N.tolist() == [1.0]
