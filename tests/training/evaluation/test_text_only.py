from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from data.streams import Stream
from training.evaluation.encodings import Encodings
from training.evaluation.outcomes import compared
from training.evaluation.run import _text_only, score_without_texts, without_images
from training.evaluation.tasks import (
    CAPTIONS,
    GROUP,
    IMAGES,
    PARAPHRASES,
    TEXT_ALONE,
    ImageRef,
    Item,
    Layout,
    Task,
    digest_of_task,
)
from training.evaluation.text_only import LEAST_GROUPS, text_only_scores

COLOURS = ("red", "blue", "green", "white")
THINGS = ("car", "dog", "box", "ball", "tree")


def item(number: int, *captions: str, image: str | None = None) -> Item:
    return Item(str(number), (ImageRef(image or f"{number}.jpg"),), captions)


def task(*items: Item, layout: Layout = CAPTIONS, strata: tuple[str, ...] = ()) -> Task:
    return Task(name="", layout=layout, items=items, strata=strata)


@dataclass
class Shortest:
    """A language model to which every character is as improbable; it knows what it was asked."""

    name: str = "shortest"
    asked: list[str] = field(default_factory=list)

    def __call__(self, texts: Sequence[str], /) -> NDArray[np.float64]:
        self.asked += texts
        return -np.array([len(text) for text in texts], np.float64)


@pytest.mark.parametrize(
    ("captions", "longer", "shorter"),
    [
        (("aaa", "bb"), 1.0, 0.0),
        (("aa", "bbb"), 0.0, 1.0),
        (("aa", "bb"), 0.5, 0.5),
        (("aaa", "b", "bb"), 1.0, 0.0),
        (("aaa", "b", "bbb"), 0.5, 0.0),
        (("aaa", "b", "bbbb"), 0.0, 0.0),
        (("aa", "bbb", "bb"), 0.0, 0.5),
    ],
)
def test_the_longer_and_the_more_probable_caption(
    captions: tuple[str, ...], longer: float, shorter: float
) -> None:
    scores = text_only_scores(task(item(0, *captions)), log_probability=Shortest())
    assert scores == {"longer": longer, "language model": shorter}


def test_what_a_paraphrase_is_compared_with_is_the_last() -> None:
    items = (item(0, "aaa", "aaaa", "bb"), item(1, "aaa", "a", "bb"))
    for layout in (PARAPHRASES, TEXT_ALONE):
        assert text_only_scores(task(*items, layout=layout)) == {"longer": 0.5}


@pytest.mark.parametrize("layout", [IMAGES, GROUP])
def test_without_false_captions_there_is_no_score(layout: Layout) -> None:
    images = (ImageRef("a"), ImageRef("b"))
    found = task(Item("0", images, ("A", "B")), layout=layout)
    assert text_only_scores(found, log_probability=Shortest()) == {}
    assert text_only_scores(task()) == {}


def test_strata_weigh_as_in_the_score_itself() -> None:
    items = [item(n, "aaa", "b") for n in range(9)] + [item(9, "a", "bbb")]
    strata = ("many",) * 9 + ("few",)
    assert text_only_scores(task(*items))["longer"] == pytest.approx(0.9)
    assert text_only_scores(task(*items, strata=strata))["longer"] == pytest.approx(0.5)


def pairs(num: int, *, told: bool) -> list[Item]:
    """Return swaps of two colours: nothing tells them apart, or a mark at the end does."""
    stream, items = Stream("text only"), []
    for number in range(num):
        first, second = stream.shuffled(COLOURS)[:2]
        one, other = stream.shuffled(THINGS)[:2]
        mark = "." if told else ""
        items.append(
            item(number, f"a {first} {one} and a {second} {other}{mark}",
                 f"a {second} {one} and a {first} {other}")
        )  # fmt: skip
    return items


def test_words_tell_what_can_be_told_and_nothing_else() -> None:
    assert text_only_scores(task(*pairs(200, told=True)))["words"] == 1.0
    assert 0.35 < text_only_scores(task(*pairs(200, told=False)))["words"] < 0.65


def test_few_images_teach_nothing() -> None:
    few = pairs(LEAST_GROUPS, told=True)
    assert "words" in text_only_scores(task(*few))
    assert "words" not in text_only_scores(task(*few[1:]))
    one = [each._replace(images=(ImageRef("one.jpg"),)) for each in pairs(200, told=True)]
    assert "words" not in text_only_scores(task(*one))


def test_captions_of_one_image_are_never_on_both_sides() -> None:
    """What holds of one image's captions alone cannot be learnt."""
    items = []
    for number in range(100):
        image = number // 2
        true, false = (f"{side} {image} {image * 7919 % 1009}" for side in ("x", "y"))
        items.append(item(number, *((true, false) if image % 2 else (false, true)),
                          image=f"{image}.jpg"))  # fmt: skip
    assert text_only_scores(task(*items))["words"] < 0.65
    apart = [each._replace(images=(ImageRef(each.id),)) for each in items]
    assert text_only_scores(task(*apart))["words"] > 0.8


def test_scores_are_kept_for_the_same_task_and_model_alone(tmp_path: Path) -> None:
    def scores(own: Task, model: Shortest | None) -> dict[str, float]:
        return _text_only(own, digest_of_task(own), cache=tmp_path, log_probability=model)

    own, model = task(item(0, "aaa", "bb")), Shortest()
    first = scores(own, model)
    assert scores(own, model) == first == {"longer": 1.0, "language model": 0.0}
    assert model.asked == ["aaa", "bb"]
    other = Shortest(name="another")
    assert scores(own, other) == first
    assert other.asked == ["aaa", "bb"]
    assert scores(own, None) == {"longer": 1.0}
    assert scores(task(item(0, "a", "bb")), None) == {"longer": 0.0}


@pytest.mark.parametrize("damage", ["", "[]", '{"longer": "x"}', "nonsense"])
def test_what_is_kept_and_damaged_is_made_again(tmp_path: Path, damage: str) -> None:
    own = task(item(0, "aaa", "bb"))
    for _ in range(2):
        found = _text_only(own, digest_of_task(own), cache=tmp_path, log_probability=None)
        assert found == {"longer": 1.0}
        (path,) = (tmp_path / "text-only").iterdir()
        path.write_text(damage)


@pytest.mark.parametrize("layout", [CAPTIONS, PARAPHRASES])
def test_a_text_tower_without_images_is_a_reader(layout: Layout) -> None:
    texts = np.array([[0.8, 0.8], [1, -1]], np.float32) / np.sqrt(2)
    encodings = Encodings(
        image_ID=np.eye(2, dtype=np.float32),  # their mean is as near to one text as can be
        text_TD=texts,
        images={ImageRef("a"): 0, ImageRef("b"): 1},
        texts={"near": 0, "far": 1},
    )
    captions = ("near", "far") if layout is CAPTIONS else ("near", "near", "far")
    items = [item(n, *captions, image=key) for n, key in enumerate("ab")]
    assert without_images(task(*items, layout=layout), encodings) == {"no image": 1.0}
    back = [each._replace(captions=captions[::-1]) for each in items]
    assert without_images(task(*back, layout=layout), encodings) == {"no image": 0.0}


def test_images_alone_decide_where_texts_are_taken_out() -> None:
    encodings = Encodings(
        image_ID=np.array([[1, 0.1], [1, -0.1]], np.float32),
        text_TD=np.array([[0.9, 0.4], [0.5, 0.8], [0, 0.1]], np.float32),
        images={ImageRef("a"): 0, ImageRef("b"): 1},
        texts={"likely": 0, "unlikely": 1, "unlikelier": 2},
    )
    items = [item(0, "unlikely", "likely", image="a"), item(1, "likely", "unlikely", image="b")]
    found = compared(task(*items), encodings)
    assert found.credits_N.tolist() == [0, 1], "the likely text is preferred for both images"
    assert score_without_texts(task(*items), encodings) == 1
    assert score_without_texts(task(*items, layout=GROUP), encodings) is None
    alike = replace(encodings, image_ID=np.ones((2, 2), np.float32))
    assert score_without_texts(task(*items), alike) == 0.5


@pytest.mark.parametrize("layout", [GROUP, TEXT_ALONE, CAPTIONS])
def test_without_items_or_images_nothing_is_read(layout: Layout) -> None:
    empty = np.ones((1, 2), np.float32)
    encodings = Encodings(image_ID=empty, text_TD=empty, images={}, texts={})
    assert without_images(task(layout=layout), encodings) == {}
