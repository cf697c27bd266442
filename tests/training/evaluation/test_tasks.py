import numpy as np
import pytest

from data.streams import Stream
from tests.training.evaluation.features import encodings_of
from training.evaluation.outcomes import compared
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
    Comparison,
    ImageRef,
    Item,
    Layout,
    Retrieval,
    Task,
    digest_of_task,
    group_tasks,
    images_of,
)

SHAPES = [
    (CAPTIONS, 1, 2), (CAPTIONS, 1, 5), (IMAGES, 2, 1), (IMAGES, 10, 1), (GROUP_TEXT, 2, 2),
    (GROUP_TEXT, 3, 3), (GROUP_IMAGE, 2, 2), (GROUP_IMAGE, 3, 3), (GROUP, 2, 2),
    (PARAPHRASES, 1, 3), (PARAPHRASES, 1, 4), (TEXT_ALONE, 0, 3),
    (TRUE_BEFORE_FALSE, 1, 4),
]  # fmt: skip


@pytest.mark.parametrize(
    ("layout", "shape", "expected"),
    [
        (CAPTIONS, (1, 3), "P0-T1>P0-T2 P0-T1>P0-T3"),
        (IMAGES, (3, 1), "P0-T3>P1-T3 P0-T3>P2-T3"),
        (GROUP_TEXT, (2, 2), "P0-T2>P0-T3 P1-T3>P1-T2"),
        (GROUP_IMAGE, (2, 2), "P0-T2>P1-T2 P1-T3>P0-T3"),
        (GROUP, (2, 2), "P0-T2>P0-T3 P1-T3>P1-T2 P0-T2>P1-T2 P1-T3>P0-T3"),
        (PARAPHRASES, (1, 3), "P0-T1>P0-T3 P0-T2>P0-T3"),
        (TEXT_ALONE, (0, 3), "T0-T1>T0-T2 T1-T0>T1-T2"),
        (TRUE_BEFORE_FALSE, (1, 4), "P0-T1>P0-T3 P0-T1>P0-T4 P0-T2>P0-T3 P0-T2>P0-T4"),
    ],
    ids=lambda value: value.name if isinstance(value, Layout) else "",
)
def test_what_is_compared(layout: Layout, shape: tuple[int, int], expected: str) -> None:
    def name(place: int) -> str:
        return f"{'P' if place < shape[0] else 'T'}{place}"

    def text(comparison: Comparison) -> str:
        return ">".join("-".join(map(name, pair)) for pair in comparison)

    assert " ".join(map(text, layout.comparisons(*shape))) == expected


@pytest.mark.parametrize(("layout", "num_images", "num_captions"), SHAPES)
def test_chance_is_what_lots_give(layout: Layout, num_images: int, num_captions: int) -> None:
    """Features at random: each item is right as often as chance says, within four deviations."""
    num_items, stream = 4000, Stream("chance", layout.name)
    items = tuple(
        Item(
            str(n),
            tuple(ImageRef(f"{n} {p}") for p in range(num_images)),
            tuple(f"{n} {t}" for t in range(num_captions)),
        )
        for n in range(num_items)
    )

    def feature() -> list[float]:  # of so many numbers that any two pairs are as good as unrelated
        return [stream.unit() - 0.5 for _ in range(24)]

    encodings = encodings_of(
        {image.key: feature() for item in items for image in item.images},
        {caption: feature() for item in items for caption in item.captions},
    )
    outcomes = compared(Task(name="", layout=layout, items=items), encodings)
    chance = layout.chance(num_images, num_captions)
    assert outcomes.chance == pytest.approx(chance)
    deviation = float(np.sqrt(chance * (1 - chance) / num_items))
    assert abs(outcomes.credits_N.mean() - chance) < 4 * deviation + 0.02


def test_a_group_has_three_scores_of_the_same_items() -> None:
    item = Item("0", (ImageRef("a"), ImageRef("b")), ("A", "B"))
    tasks = group_tasks("part", (item,), expected=7)
    assert [task.name for task in tasks] == ["part text", "part image", "part group"]
    assert {task.items for task in tasks} == {(item,)}
    assert {task.expected for task in tasks} == {7}
    assert [task.name for task in group_tasks("", (item,), expected=None)] == [
        "text", "image", "group",
    ]  # fmt: skip


def test_items_of_one_image_go_together() -> None:
    whole, part = ImageRef("a.jpg"), ImageRef("a.jpg", (0, 0, 5, 5))
    assert Item("0", (whole,), ("A",)).subject == Item("1", (part,), ("B",)).subject == "a.jpg"
    assert Item("2", (), ("A", "B")).subject == "A"


RETRIEVAL = Retrieval(name="", images=(ImageRef("a"),), captions=("A", "B"), owner=(0, 0))
CLASSES = Classification(
    name="", images=(ImageRef("a"),), labels=((0,),), classes=(("A",), ("B",)), templates=("a {}",)
)
TASK = Task(name="", layout=CAPTIONS, items=(Item("0", (ImageRef("a"),), ("A", "B")),))


def test_images_of_every_form() -> None:
    for task in (RETRIEVAL, CLASSES, TASK):
        assert list(images_of(task)) == [ImageRef("a")]


def test_equal_tasks_have_equal_digests_and_no_others() -> None:
    item, part = TASK.items[0], ImageRef("a", (0, 0, 1, 1))
    others = [
        RETRIEVAL,
        CLASSES,
        Retrieval(name="", images=(ImageRef("a"),), captions=("B", "A"), owner=(0, 0)),
        Classification(
            name="", images=(ImageRef("a"),), labels=((1,),), classes=(("A",), ("B",)),
            templates=("a {}",),
        ),
        Task(name="", layout=PARAPHRASES, items=TASK.items),
        Task(name="", layout=CAPTIONS, items=TASK.items, strata=("x",)),
        Task(name="", layout=CAPTIONS, items=(item._replace(captions=("B", "A")),)),
        Task(name="", layout=CAPTIONS, items=(item._replace(images=(part,)),)),
    ]  # fmt: skip
    digests = {digest_of_task(task) for task in (TASK, *others)}
    assert len(digests) == 1 + len(others)
    same = Task(name="other", layout=CAPTIONS, items=(item._replace(id="7"),), expected=3)
    assert digest_of_task(same) == digest_of_task(TASK)
