import json
from pathlib import Path

import pytest

from data.records import Caption
from data.sources.karpathy import Karpathy
from tests.data.sources.reading import captions, complaint, skips


def entry(name: str, split: str, *texts: object, **more: object) -> dict[str, object]:
    sentences = [{"raw": text, "tokens": ["a", "dog"], "sentid": 1} for text in texts]
    return {"filename": name, "split": split, "sentences": sentences, "sentids": [1], **more}


def write(folder: Path, *images: object, dataset: str = "coco") -> None:
    content = {"dataset": dataset, "images": list(images)}
    (folder / f"dataset_{dataset}.json").write_text(json.dumps(content))


def test_captions_and_splits(tmp_path: Path) -> None:
    write(
        tmp_path,
        entry("1.jpg", "test", "A dog .", filepath="val2014"),
        entry("2.jpg", "restval", "Two dogs", " Three dogs\n", filepath="val2014"),
        entry("3.jpg", "train", "A cat", filepath="train2014"),
    )
    source = Karpathy(root=tmp_path)
    assert source.splits() == ("test", "train")
    assert captions(source) == [
        Caption("karpathy:val2014/1.jpg:0", "val2014/1.jpg", "A dog ."),
        Caption("karpathy:val2014/2.jpg:0", "val2014/2.jpg", "Two dogs"),
        Caption("karpathy:val2014/2.jpg:1", "val2014/2.jpg", "Three dogs"),
        Caption("karpathy:train2014/3.jpg:0", "train2014/3.jpg", "A cat"),
    ]
    unfolded = Karpathy(root=tmp_path, fold_restval=False)
    assert unfolded.splits() == ("test", "restval", "train")
    assert len(list(unfolded.read("restval"))) == 2
    assert Karpathy(root=tmp_path, only_splits=("train",)).splits() == ("train",)


def test_flickr(tmp_path: Path) -> None:
    write(tmp_path, entry("7.jpg", "val", "A dog", "", None), dataset="flickr30k")
    source = Karpathy(root=tmp_path, dataset="flickr30k")
    assert captions(source) == [Caption("karpathy:7.jpg:0", "7.jpg", "A dog")]
    assert skips(source) == [
        ("caption is empty", "dataset_flickr30k.json, image 0"),
        ("caption is missing", "dataset_flickr30k.json, image 0"),
    ]
    assert source.licence != Karpathy(root=tmp_path).licence == "CC-BY-4.0"
    file = tmp_path / "dataset_flickr30k.json"
    assert complaint(Karpathy(root=file)).endswith(
        "expected the dataset 'coco', found 'flickr30k'; set it: "
        "--set data.source.dataset=flickr30k"
    )
    assert complaint(Karpathy(root=tmp_path)).endswith(
        "found dataset_flickr30k.json; choose it with the option dataset"
    )
    write(tmp_path, entry("7.jpg", "val", "A dog"), dataset="rsicd")
    assert complaint(Karpathy(root=tmp_path / "dataset_rsicd.json")).endswith(
        "found 'rsicd'; coco, flickr30k, flickr8k are supported; convert other captions to jsonl"
    )


def test_an_image_that_is_there_twice_has_the_captions_of_both(tmp_path: Path) -> None:
    names = ("1.jpg", "2.jpg", "1.jpg")
    write(tmp_path, *(entry(name, "val", f"Dog {n}") for n, name in enumerate(names)))
    assert [tuple(caption) for caption in captions(Karpathy(root=tmp_path))] == [
        ("karpathy:1.jpg:0", "1.jpg", "Dog 0"),
        ("karpathy:1.jpg:1", "1.jpg", "Dog 2"),
        ("karpathy:2.jpg:0", "2.jpg", "Dog 1"),
    ]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("{", "line 1: expected JSON"),
        ("[]", "found a list; give Karpathy's dataset_*.json, or a list of objects to the source"),
        ('{"images": {}}', "found an object with images"),
        ('{"images": [{"filename": "a"}]}', "image 0: expected filename, split and sentences"),
        ('{"images": ["a"]}', "image 0: expected filename"),
        ('{"images": [{"filename": 1, "split": "a", "sentences": []}]}', "found TypeError"),
        ('{"images": [{"filename": "a", "split": 1, "sentences": []}]}', "found TypeError"),
    ],
)
def test_wrong_layouts(tmp_path: Path, content: str, expected: str) -> None:
    (tmp_path / "dataset_coco.json").write_text(content)
    assert expected in complaint(Karpathy(root=tmp_path))


def test_missing_file(tmp_path: Path) -> None:
    assert complaint(Karpathy(root=tmp_path)) == (
        f"{tmp_path}: expected dataset_coco.json in it, found nothing"
    )
