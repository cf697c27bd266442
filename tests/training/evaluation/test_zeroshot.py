import io
import json
import tarfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from data.errors import UsageError
from training.evaluation.benchmarks import open_benchmark
from training.evaluation.compare import compared_runs
from training.evaluation.encodings import Encodings
from training.evaluation.outcomes import classified, prompts_of
from training.evaluation.results import Results, Score, read_results, score_of, write_results
from training.evaluation.tables import compared_table
from training.evaluation.tasks import Classification, ImageRef, Measure
from training.evaluation.zeroshot.benchmark import zeroshot
from training.evaluation.zeroshot.sets import (
    SETS,
    ZeroShotSet,
    class_names,
    classes_of_labels,
    set_named,
    squashed,
    templates,
)

NUM_CLASSES = {
    "imagenet": 1000, "caltech101": 102, "cifar10": 10, "cifar100": 100, "country211": 211,
    "dtd": 47, "eurosat": 10, "fer2013": 7, "fgvc_aircraft": 100, "food101": 101, "gtsrb": 43,
    "hateful_memes": 2, "kitti_distance": 4, "mnist": 10, "flowers102": 102, "oxford_pets": 37,
    "patch_camelyon": 2, "sst2": 2, "resisc45": 45, "stanford_cars": 196, "voc2007": 20,
}  # fmt: skip


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / ".cache"))


def folders(root: Path, *names: str) -> None:
    """Write a file into each folder, `data/` before its name apart."""
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(path.name.encode())


def tar(path: Path, members: dict[str, bytes]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w") as file:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            file.addfile(info, io.BytesIO(content))


def npy(*values: int) -> bytes:
    file = io.BytesIO()
    np.save(file, np.array(values))
    return file.getvalue()


def parquet(
    path: Path,
    labels: Sequence[object],
    features: dict[str, object] | None,
    *,
    image: str = "image",
) -> None:
    """Write images that all state one path, and their labels."""
    path.parent.mkdir(parents=True, exist_ok=True)
    images = [{"bytes": f"{path.stem} {n}".encode(), "path": "x.png"} for n in range(len(labels))]
    table = pa.table({image: images, "label": labels})
    if features is not None:
        stated = json.dumps({"info": {"features": features}})
        table = table.replace_schema_metadata({"huggingface": stated})
    pq.write_table(table, path)


def read(root: Path) -> list[tuple[str, tuple[int, ...], bytes]]:
    """Return the key, the classes and the content of each image."""
    benchmark = open_benchmark("zeroshot", root=root, images=root / "nowhere")
    (task,) = benchmark.tasks
    assert isinstance(task, Classification)
    keys = [image.key for image in task.images]
    assert benchmark.store.absent([*keys, "mnist/none", "none/x"]) == {"mnist/none", "none/x"}
    content = [benchmark.store.read(key) for key in keys]
    return list(zip(keys, task.labels, content, strict=True))


@pytest.mark.parametrize("of", SETS, ids=lambda of: of.name)
def test_every_set_has_names_and_templates(of: ZeroShotSet) -> None:
    names, prompts = class_names(of), templates(of)
    assert len(names) == NUM_CLASSES[of.name]
    assert all("{}" in prompt for prompt in prompts)
    labels = [squashed(label) for name in names for label in name.labels]
    assert all(labels)
    assert of.name == "imagenet" or len(set(labels)) == len(labels)


def test_there_are_21_sets_with_the_measures_of_elevater() -> None:
    assert {of.name for of in SETS} == set(NUM_CLASSES)
    assert len(SETS) == 21
    others = {of.name: of.measure for of in SETS if of.measure != "accuracy"}
    assert others == {
        "caltech101": "mean per class",
        "fgvc_aircraft": "mean per class",
        "flowers102": "mean per class",
        "oxford_pets": "mean per class",
        "hateful_memes": "ROC AUC",
        "voc2007": "11-point mAP",
    }


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        ("cifar10", "cifar10"),
        ("CIFAR-10", "cifar10"),
        ("wds_vtab-cifar100", "cifar100"),
        ("wds_imagenet1k", "imagenet"),
        ("FGVC_Aircraft", "fgvc_aircraft"),
        ("kitti_closest_vehicle_distance", "kitti_distance"),
        ("RenderedSST2", "sst2"),
        ("oxford-iiit-pets", "oxford_pets"),
        ("voc2007_multilabel", "voc2007"),
    ],
)
def test_folders_may_be_called_as_people_call_them(folder: str, name: str) -> None:
    assert set_named(folder).name == name


def test_names_of_all_sets_mean_one_set() -> None:
    names = [squashed(name) for of in SETS for name in (of.name, *of.aliases)]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    ("name", "labels", "classes"),
    [
        ("cifar10", ["truck", "airplane"], (9, 0)),
        ("cifar100", ["aquarium_fish", "cra"], (1, 26)),
        ("eurosat", ["AnnualCrop", "SeaLake"], (0, 9)),
        ("country211", ["AD", "ZW", "Namibia"], (0, 210, 137)),
        ("fgvc_aircraft", ["F-16A/B", "A300B4"], (72, 21)),
        ("caltech101", ["BACKGROUND_Google", "Faces"], (4, 38)),
        ("fer2013", ["sad", "fear"], (5, 2)),
        ("gtsrb", ["00000", "00042"], (0, 42)),
        ("mnist", ["7"], (7,)),
        ("flowers102", [str(n) for n in range(1, 103)], tuple(range(102))),
        ("imagenet", [f"n{n:08}" for n in range(1000)], tuple(range(1000))),
    ],
)
def test_labels_are_known_by_name_number_or_order(
    name: str, labels: list[str], classes: tuple[int, ...]
) -> None:
    of = set_named(name)
    assert classes_of_labels(labels, class_names(of), of=of) == classes


@pytest.mark.parametrize(
    ("name", "labels", "said"),
    [
        ("cifar10", ["lorry"], "expected labels of its 10 classes, found 'lorry'"),
        ("cifar10", ["cat", "Cat"], "found two for one"),
        ("fer2013", ["0", "1"], "mean different classes"),
        ("gtsrb", ["0", "43"], "expected labels from 0 to 42"),
        ("gtsrb", ["1", "2"], "expected labels from 0 to 42"),  # from 0, or from 1?
        ("gtsrb", ["-1"], "kept secret"),
        ("imagenet", ["n01440764"], "found 'n01440764'"),
    ],
)
def test_other_labels_are_refused(name: str, labels: list[str], said: str) -> None:
    of = set_named(name)
    with pytest.raises(UsageError, match=said):
        classes_of_labels(labels, class_names(of), of=of)


def test_class_folders(tmp_path: Path) -> None:
    folders(
        tmp_path / "CIFAR-10",
        *("test/truck/2.png", "test/cat/1.JPG", "test/cat/notes.txt", "train/cat/0.png"),
        *("validation/dog/3.png", "val/dog/3.png"),
    )
    assert read(tmp_path) == [
        ("cifar10/cat/1.JPG", (3,), b"1.JPG"),
        ("cifar10/truck/2.png", (9,), b"2.png"),
    ]


def test_class_folders_without_parts(tmp_path: Path) -> None:
    folders(tmp_path / "gtsrb", "00000/a.ppm", "00014/b.ppm")
    assert [classes for _, classes, _ in read(tmp_path)] == [(0,), (14,)]


def test_tars(tmp_path: Path) -> None:
    folder = tmp_path / "wds_vtab-eurosat"
    tar(
        folder / "test/0.tar",
        {"s0.webp": b"first", "s0.cls": b"1", "s1.cls": b"0", "s1.webp": b"2"},
    )
    tar(folder / "test/1.tar", {"s0.webp": b"third", "s0.cls": b"0"})
    tar(folder / "train/0.tar", {"s0.webp": b"train", "s0.cls": b"0"})
    (folder / "classnames.txt").write_text("river\nforest\n")
    assert read(tmp_path) == [
        ("eurosat/0.tar/s0.webp", (1,), b"first"),
        ("eurosat/0.tar/s1.webp", (8,), b"2"),
        ("eurosat/1.tar/s0.webp", (8,), b"third"),
    ]


def test_tars_of_numbers_alone(tmp_path: Path) -> None:
    tar(tmp_path / "mnist/0.tar", {"a.png": b"x", "a.cls": b"7", "b.png": b"y", "b.cls": b"0"})
    assert [classes for _, classes, _ in read(tmp_path)] == [(7,), (0,)]


def test_several_labels(tmp_path: Path) -> None:
    labels = [0] * 20
    tar(
        tmp_path / "voc2007_multilabel/test/0.tar",
        {
            "a.jpg": b"a", "a.npy": npy(*[1, 1], *labels[2:]),
            "b.jpg": b"b", "b.npy": npy(*labels),
            "c.jpg": b"c", "c.npy": npy(*labels[1:], 1),
        },
    )  # fmt: skip
    assert [classes for _, classes, _ in read(tmp_path)] == [(0, 1), (), (19,)]


CLASS_LABEL = {"_type": "ClassLabel", "names": ["happy", "sad"]}
IMAGE = {"_type": "Image"}


@pytest.mark.parametrize(
    "names",
    [
        ["data/test-00000-of-00002.parquet", "data/test-00001-of-00002.parquet"],
        ["test.parquet"],
        ["default/test/0000.parquet", "default/test/0001.parquet"],
        ["plain_text/test-00000-of-00001.parquet"],
    ],
)
def test_parquet(tmp_path: Path, names: list[str]) -> None:
    for number, name in enumerate(names):
        path = tmp_path / "fer2013" / name
        parquet(path, [1, number], {"image": IMAGE, "label": CLASS_LABEL})
        other = tmp_path / "fer2013" / name.replace("test", "train")
        parquet(other, [0], {"image": IMAGE, "label": CLASS_LABEL})
    found = read(tmp_path)
    expected = [(5,), (3,), (5,), (5,)]  # happy is class 3, sad is class 5
    assert [classes for _, classes, _ in found] == expected[: 2 * len(names)]
    stems = [Path(name).stem for name in names]
    assert [c for _, _, c in found] == [f"{s} {n}".encode() for s in stems for n in range(2)]


def test_parquet_without_metadata(tmp_path: Path) -> None:
    parquet(tmp_path / "cifar10/test.parquet", [0, 9, 3], None)
    assert [classes for _, classes, _ in read(tmp_path)] == [(0,), (9,), (3,)]


def test_parquet_with_other_columns(tmp_path: Path) -> None:
    coarse = {"_type": "ClassLabel", "names": ["pets", "farm"]}
    fine = {"_type": "ClassLabel", "names": [*"9876543210"]}
    parquet(
        tmp_path / "mnist/test.parquet",
        [0, 9],
        {"img": IMAGE, "coarse": coarse, "label": fine},
        image="img",
    )
    assert [classes for _, classes, _ in read(tmp_path)] == [(9,), (0,)]


@pytest.mark.parametrize("wrap", [lambda f: {"feature": f, "_type": "Sequence"}, lambda f: [f]])
def test_parquet_with_several_labels(tmp_path: Path, wrap: Callable[[object], object]) -> None:
    names = [name.prompt for name in class_names(set_named("voc2007"))][::-1]
    feature = wrap({"_type": "ClassLabel", "names": names})
    parquet(tmp_path / "voc2007/test.parquet", [[0, 1], []], {"image": IMAGE, "label": feature})
    assert [classes for _, classes, _ in read(tmp_path)] == [(19, 18), ()]


def test_imagenet_is_validated_and_in_order(tmp_path: Path) -> None:
    names = [f"n{n:08}" for n in range(1000)]
    folders(tmp_path / "imagenet", *(f"val/{name}/x.JPEG" for name in names), "test/x.JPEG")
    assert [classes for _, classes, _ in read(tmp_path)] == [(n,) for n in range(1000)]


def test_a_task_has_what_elevater_asks(tmp_path: Path) -> None:
    folders(tmp_path, "mnist/7/a.png", "fer2013/sad/b.png", ".cache/x/y.png", "README.md")
    fer, mnist = zeroshot(tmp_path)
    assert (fer.name, fer.measure, fer.expected) == ("fer2013", "accuracy", 3589)
    assert mnist.templates == ('a photo of the number: "{}".',)
    assert prompts_of(mnist)[7] == ['a photo of the number: "7".']
    assert fer.classes[3] == ("happy",)


def broken_tar(root: Path) -> None:
    tar(root / "mnist/0.tar", {"a.png": b"x" * 2000, "a.cls": b"7"})
    path = root / "mnist/0.tar"
    path.write_bytes(path.read_bytes()[:1500])


Make = Callable[[Path], None]
BROKEN: list[tuple[Make, str]] = [
    (lambda root: folders(root, "cifar12/cat/a.png"), "unknown set 'cifar12'"),
    (lambda root: folders(root, "cifar10/cat/a.png", "wds_cifar10/cat/a.png"), "found cifar10 and"),
    (lambda root: folders(root, "cifar10/a.png"), "expected folders of classes, tars or parquet"),
    (lambda root: folders(root, "a.png"), "expected a folder for each set, found a.png"),
    (lambda root: folders(root, "voc2007/dog/a.png"), "expected several labels an image"),
    (lambda root: tar(root / "mnist/0.tar", {"a.png": b"x"}), "expected a.cls or .npy"),
    (lambda root: tar(root / "mnist/0.tar", {"a.png": b"", "a.cls": b"cat"}), "expected a label"),
    (lambda root: tar(root / "mnist/0.tar", {"a.png": b"", "a.npy": npy(1)}), "expected one label"),
    (broken_tar, "ends early"),
    (
        lambda root: parquet(root / "mnist/train.parquet", [1], None),
        "of the split test, found train",
    ),
    (
        lambda root: parquet(root / "mnist/test.parquet", ["x"], None),
        "expected the number of a class",
    ),
    (
        lambda root: parquet(root / "fer2013/test.parquet", [-1], {"label": CLASS_LABEL}),
        "expected labels from 0 to 1, found -1",
    ),
]


@pytest.mark.parametrize(("make", "said"), BROKEN)
def test_what_is_not_as_expected_is_refused(tmp_path: Path, make: Make, said: str) -> None:
    make(tmp_path)
    with pytest.raises(UsageError, match=said):
        zeroshot(tmp_path)


def task_of(
    labels: Sequence[tuple[int, ...]], measure: Measure, num_classes: int
) -> Classification:
    return Classification(
        name="mnist",
        images=tuple(ImageRef(str(n)) for n in range(len(labels))),
        labels=tuple(labels),
        classes=tuple((str(n),) for n in range(num_classes)),
        templates=("{}",),
        measure=measure,
    )


def encodings_of(score_NC: Sequence[Sequence[float]], missing: Sequence[int] = ()) -> Encodings:
    """Return features whose products are the scores; classes are on the axes."""
    kept = [n for n in range(len(score_NC)) if n not in missing]
    return Encodings(
        image_ID=np.array(score_NC, np.float32)[kept],
        text_TD=np.eye(len(score_NC[0]), dtype=np.float32),
        images={ImageRef(str(n)): row for row, n in enumerate(kept)},
        texts={str(n): n for n in range(len(score_NC[0]))},
    )


def score_for(task: Classification, encodings: Encodings) -> Score:
    outcomes = classified(task, encodings)
    names = {"benchmark": "zeroshot", "task": "x", "kind": "classification"}
    return score_of(outcomes, **names, expected=None, text_only={})


def test_an_area_ranks_the_second_class_against_the_first() -> None:
    task = task_of([(1,), (0,), (1,), (0,)], "ROC AUC", 2)
    found = score_for(task, encodings_of([[0.1, 0.3], [0, 0.1], [0.5, 0.4], [0.9, 0.1]]))
    assert found.value == 0.75  # of differences .2 .1 -.1 -.8 the third is below the second
    assert (found.ties, found.items, found.outcomes, found.chance) == (0, 4, "", 0.5)
    assert found.low is not None
    assert found.high is not None
    assert 0 <= found.low < 0.75 < found.high <= 1


def test_a_ranking_leaves_missing_images_out(tmp_path: Path) -> None:
    task = task_of([(1,), (0,), (1,), (0,)], "ROC AUC", 2)
    scores = [[0, 0.9], [0, 0.1], [0, 0.0], [0, 0.2]]
    found = score_for(task, encodings_of(scores, missing=[2]))
    assert (found.value, found.items, found.expected) == (1.0, 3, 4)
    nothing = score_for(task, encodings_of(scores, missing=range(4)))
    assert (nothing.value, nothing.low, nothing.items) == (None, None, 0)
    results = Results(model="m", weights="w", digest="d", scores=(found,))
    write_results(results, tmp_path / "r.json")
    assert read_results(tmp_path / "r.json") == results
    (paired,) = compared_runs(results, results)
    assert paired.p is None
    assert "nan" not in compared_table([paired])


def test_precision_ranks_each_class_after_a_softmax() -> None:
    """As a plain score image 1 leads in class 0; its share is smaller than image 0's."""
    task = task_of([(0,), (1,), (0, 1)], "11-point mAP", 2)
    found = score_for(task, encodings_of([[0.1, 0.0], [0.2, 0.3], [0.05, 0.05]]))
    assert found.value == 1.0
    assert found.chance == pytest.approx((1 + 10 * 2 / 3) / 11)


def test_the_mean_per_class_is_sklearns_balanced_accuracy() -> None:
    task = task_of([(0,), (0,), (0,), (1,)], "mean per class", 2)
    found = score_for(task, encodings_of([[1, 0], [1, 0], [0, 1], [1, 0]]))
    assert found.value == pytest.approx((2 / 3 + 0) / 2)
