import json
from pathlib import Path

import numpy as np
import pytest

from data.errors import UsageError
from training.evaluation.benchmarks import open_benchmark
from training.evaluation.benchmarks.retrieval import coco, flickr30k
from training.evaluation.encodings import Encodings
from training.evaluation.outcomes import retrieved
from training.evaluation.tasks import ImageRef, Retrieval


def sentences(name: str, num: int) -> list[dict[str, object]]:
    return [{"raw": f"{name} {n}", "tokens": [name], "sentid": n} for n in range(num)]


KARPATHY = {
    "dataset": "coco",
    "images": [
        {"filepath": "val2014", "filename": file, "split": split, "sentences": found}
        for file, split, found in (
            ("a.jpg", "test", sentences("A", 6)),
            ("b.jpg", "val", sentences("B", 5)),
            ("c.jpg", "test", sentences("C", 5)),
        )
    ],
}
COCO = {
    "images": [{"id": 9, "file_name": "9.jpg"}, {"id": 4, "file_name": "4.jpg"}],
    "annotations": [
        {"id": 1, "image_id": 4, "caption": "four"},
        {"id": 2, "image_id": 9, "caption": "nine."},
        {"id": 3, "image_id": 4, "caption": "Four again"},
    ],
}
LISTED = [{"image": "val2014/a.jpg", "caption": ["A 0", "A 1"]}]


def written(folder: Path, name: str, content: object) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))
    return folder


def test_the_test_split_with_the_first_five_captions(tmp_path: Path) -> None:
    (task,) = coco(written(tmp_path, "dataset_coco.json", KARPATHY))
    assert task.name == ""
    assert task.expected == 5000
    assert task.images == (ImageRef("val2014/a.jpg"), ImageRef("val2014/c.jpg"))
    assert task.captions == (*(f"A {n}" for n in range(5)), *(f"C {n}" for n in range(5)))
    assert task.owner == (0,) * 5 + (1,) * 5


def test_flickr30k_has_no_folder_in_its_keys(tmp_path: Path) -> None:
    images = [{"filename": "1.jpg", "split": "test", "sentences": sentences("A", 5)}]
    (task,) = flickr30k(written(tmp_path, "dataset_flickr30k.json", {"images": images}))
    assert (task.name, task.expected, task.images) == ("", 1000, (ImageRef("1.jpg"),))


@pytest.mark.parametrize("name", ["captions_val2017.json", "annotations/captions_val2017.json"])
def test_another_split_of_coco_has_a_name(tmp_path: Path, name: str) -> None:
    (task,) = coco(written(tmp_path, name, COCO))
    assert (task.name, task.expected) == ("val2017", None)
    assert task.images == (ImageRef("9.jpg"), ImageRef("4.jpg"))
    assert task.captions == ("nine.", "four", "Four again")
    assert task.owner == (0, 1, 1)


def test_the_same_layout_of_karpathys_split(tmp_path: Path) -> None:
    (task,) = coco(written(tmp_path, "coco_test_karpathy.json", COCO))
    assert (task.name, task.expected) == ("", 5000)


def test_the_list_of_the_test_split(tmp_path: Path) -> None:
    (task,) = coco(written(tmp_path, "coco_karpathy_test.json", LISTED))
    assert (task.name, task.captions, task.owner) == ("", ("A 0", "A 1"), (0, 0))
    assert coco(tmp_path / "coco_karpathy_test.json") == (task,)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"images": [{"filename": "a.jpg", "split": "test"}]}, "KeyError 'sentences'"),
        ({"images": [{"filename": "a.jpg", "split": "train"}]}, "none of the test split"),
        ([{"image": "a.jpg", "caption": []}], "none of a.jpg"),
        ({"rows": []}, "an object with rows"),
        ([1], "TypeError"),
        (COCO | {"images": [*COCO["images"], COCO["images"][0]]}, "found 1 repeated"),
    ],
)
def test_other_files_are_refused(tmp_path: Path, content: object, said: str) -> None:
    written(tmp_path, "dataset_coco.json", content)
    with pytest.raises(UsageError, match=said):
        coco(tmp_path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"expected dataset_coco\.json or .*found nothing"):
        coco(tmp_path)


def test_images_are_found_where_they_lie(tmp_path: Path) -> None:
    written(tmp_path, "dataset_coco.json", KARPATHY)
    (tmp_path / "images").mkdir()
    (tmp_path / "images/a.jpg").write_bytes(b"a")
    benchmark = open_benchmark("coco", root=tmp_path)
    assert benchmark.store.read("val2014/a.jpg") == b"a"
    assert benchmark.store.absent(["val2014/a.jpg", "val2014/c.jpg"]) == {"val2014/c.jpg"}


def test_recall_by_hand() -> None:
    """Three images on the axes; captions lean to the image with the highest number."""
    texts = {"own 0": [9, 1, 0], "own 1": [0, 1, 9], "own 2": [0, 1, 9], "late 0": [0, 9, 1]}
    rows = np.array(list(texts.values()), np.float32)
    task = Retrieval(
        name="",
        images=tuple(ImageRef(str(n)) for n in range(3)),
        captions=tuple(texts),
        owner=(0, 1, 2, 0),
    )
    encodings = Encodings(
        image_ID=np.eye(3, dtype=np.float32),
        text_TD=rows / np.linalg.norm(rows, axis=1, keepdims=True),
        images={ImageRef(str(n)): n for n in range(3)},
        texts={text: row for row, text in enumerate(texts)},
    )
    found = {
        outcomes.measure: outcomes.credits_N.tolist() for outcomes in retrieved(task, encodings)
    }
    assert found["I2T R@1"] == [1, 0, 0.5]  # image 2 likes the captions of 1 and 2 alike
    assert found["T2I R@1"] == [1, 0, 1, 0]
    assert found["T2I R@5"] == [1, 1, 1, 1]
