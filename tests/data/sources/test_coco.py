import json
from dataclasses import replace
from pathlib import Path

import pytest

from data.errors import UsageError
from data.records import Caption
from data.sources.coco import Coco
from data.sources.objects import Objects
from tests.data.sources.reading import captions, complaint, skips

IMAGES = [{"id": 9, "file_name": "000000000009.jpg"}, {"id": 4, "file_name": "000000000004.jpg"}]


def write(path: Path, content: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def coco_of(path: Path, *texts: object) -> Coco:
    """Return a source of captions of image 9, the first caption with the highest id."""
    annotations = [
        {"id": 100 - place, "image_id": 9, "caption": text} for place, text in enumerate(texts)
    ]
    write(path / "captions_val2017.json", {"images": IMAGES, "annotations": annotations})
    return Coco(root=path)


def test_captions_by_image_and_annotation_id(tmp_path: Path) -> None:
    annotations = [
        {"id": 31, "image_id": 4, "caption": "A cat ."},
        {"id": 12, "image_id": 9, "caption": " A dog&amp;co.\n"},
        {"id": 11, "image_id": 4, "caption": "Two cats"},
    ]
    write(
        tmp_path / "annotations/captions_val2017.json",
        {"images": IMAGES, "annotations": annotations},
    )
    assert captions(Coco(root=tmp_path)) == [
        Caption("coco:9:0", "val2017/000000000009.jpg", "A dog&amp;co."),
        Caption("coco:4:0", "val2017/000000000004.jpg", "Two cats"),
        Caption("coco:4:1", "val2017/000000000004.jpg", "A cat ."),
    ]


@pytest.mark.parametrize("folder", [".", "annotations"])
def test_splits(tmp_path: Path, folder: str) -> None:
    empty = {"images": [], "annotations": []}
    for name in ("captions_val2017.json", "captions_train2017.json", "instances_val2017.json"):
        write(tmp_path / folder / name, empty)
    assert Coco(root=tmp_path).splits() == ("train2017", "val2017")
    assert Coco(root=tmp_path, only_splits=("val2017",)).splits() == ("val2017",)
    file = tmp_path / folder / "captions_val2017.json"
    assert Coco(root=file).splits() == ("val2017",)
    assert "no split 'val2071'; did you mean 'val2017'?" in complaint(
        Coco(root=tmp_path, only_splits=("val2071",))
    )


def test_rows_that_cannot_be_used(tmp_path: Path) -> None:
    source = coco_of(tmp_path, "A dog", "", 3, None, "There is no image to describe.", "x \ud83d")
    assert skips(source) == [
        ("caption, image or id is not valid Unicode", "captions_val2017.json, annotation 95"),
        ("junk caption", "captions_val2017.json, annotation 96"),
        ("caption is missing", "captions_val2017.json, annotation 97"),
        ("caption is not text", "captions_val2017.json, annotation 98"),
        ("caption is empty", "captions_val2017.json, annotation 99"),
    ]
    assert [caption.id for caption in captions(source)] == ["coco:9:5"]


def test_captions_of_unlisted_images_come_last(tmp_path: Path) -> None:
    annotations = [
        {"id": 1, "image_id": 77, "caption": "lost"},
        {"id": 2, "image_id": 4, "caption": "found"},
    ]
    write(tmp_path / "captions_x.json", {"images": IMAGES, "annotations": annotations})
    assert skips(Coco(root=tmp_path)) == [("no image", "captions_x.json, annotation 1")]
    assert [caption.text for caption in captions(Coco(root=tmp_path))] == ["found"]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("", "line 1: expected JSON, found the end of the text"),
        ('{"images": [],\n "annotations": [}', "line 2: expected JSON, found '}'"),
        ("[1]", "found a list"),
        ('{"a": 1}', "found an object with a"),
        ({"images": [{"id": 1}], "annotations": []}, "found KeyError 'file_name'"),
        ({"images": [1], "annotations": []}, "found TypeError"),
        ({"images": 1, "annotations": []}, "found TypeError"),
        ({"images": [], "annotations": [{"id": 1, "caption": "a"}]}, "found KeyError 'image_id'"),
        (
            {"images": [], "annotations": [{"id": 1, "image_id": 1, "bbox": []}]},
            "found an object with id, image_id, bbox; give captions_*.json, not instances",
        ),
        ("[" * 100_000, "JSON that cannot be parsed"),
    ],
)
def test_wrong_layouts(tmp_path: Path, content: object, expected: str) -> None:
    write(tmp_path / "captions_val2017.json", content)
    message = complaint(Coco(root=tmp_path))
    assert "captions_val2017.json" in message
    assert expected in message


def test_missing_files(tmp_path: Path) -> None:
    write(tmp_path / "coco/val2017/1.jpg", "")
    assert complaint(Coco(root=tmp_path / "cocoo")).endswith(
        "cocoo: no such file or folder; did you mean 'coco'? choose from: coco"
    )
    assert complaint(Coco(root=tmp_path / "coco")) == (
        f"{tmp_path / 'coco'}: expected annotations/captions_*.json in it, found val2017/"
    )


def test_a_byte_order_mark_is_no_fault(tmp_path: Path) -> None:
    content = b'\xef\xbb\xbf{"images": [], "annotations": []}'
    (tmp_path / "captions_a.json").write_bytes(content)
    assert captions(Coco(root=tmp_path)) == []


def write_coco(path: Path, images: object, annotations: object) -> Coco:
    write(path / "captions_x.json", {"images": images, "annotations": annotations})
    return Coco(root=path)


def test_annotation_ids_of_several_types(tmp_path: Path) -> None:
    ids = ["b", 10, "10", 2.5, None, 2, "a", True]
    annotations = [{"id": n, "image_id": 9, "caption": f"dog {n}"} for n in ids]
    found = captions(write_coco(tmp_path, IMAGES, annotations))
    order = [True, 2, 2.5, 10, "10", None, "a", "b"]
    assert [caption.text for caption in found] == [f"dog {n}" for n in order]
    assert [caption.id for caption in found] == [f"coco:9:{n}" for n in range(8)]


@pytest.mark.parametrize("listed", [9, "9", 9.0, " 9"])
@pytest.mark.parametrize("stated", [9, "9", 9.0])
def test_image_ids_of_several_types(tmp_path: Path, listed: object, stated: object) -> None:
    """pandas makes floats of numbers, and some exporters texts."""
    images = [{"id": listed, "file_name": "9.jpg"}]
    source = write_coco(tmp_path, images, [{"id": 1, "image_id": stated, "caption": "A dog"}])
    assert [tuple(caption) for caption in captions(source)] == [
        (f"coco:{listed}:0", "x/9.jpg", "A dog")
    ]


def test_an_image_id_of_several_files_has_no_captions(tmp_path: Path) -> None:
    images = [
        {"id": 1, "file_name": "a.jpg"},
        {"id": 1, "file_name": "b.jpg"},
        {"id": 2, "file_name": "c.jpg"},
        {"id": 2, "file_name": "c.jpg"},
    ]
    annotations = [{"id": n, "image_id": 1 + n % 2, "caption": f"dog {n}"} for n in range(4)]
    source = write_coco(tmp_path, images, annotations)
    assert skips(source) == [
        ("image id has several files", "captions_x.json, annotation 0"),
        ("image id has several files", "captions_x.json, annotation 2"),
    ]
    assert [tuple(caption) for caption in captions(source)] == [
        ("coco:2:0", "x/c.jpg", "dog 1"),
        ("coco:2:1", "x/c.jpg", "dog 3"),
    ]


def test_an_annotation_may_hold_several_captions(tmp_path: Path) -> None:
    annotations = [
        {"id": 2, "image_id": 9, "caption": "A cat"},
        {"id": 1, "image_id": 9, "caption": ["A dog", "", "Two dogs"]},
    ]
    source = write_coco(tmp_path, IMAGES, annotations)
    assert [(caption.id, caption.text) for caption in captions(source)] == [
        ("coco:9:0", "A dog"),
        ("coco:9:2", "Two dogs"),
        ("coco:9:3", "A cat"),
    ]
    assert skips(source) == [("caption is empty", "captions_x.json, annotation 1")]


INSTANCES = {
    "images": IMAGES,
    "annotations": [{"image_id": 9, "category_id": 1}, {"image_id": 9, "category_id": 1}],
    "categories": [{"id": 1, "name": "Dog"}, {"id": 7, "name": "traffic light"}],
}


def test_objects_are_those_that_are_annotated(tmp_path: Path) -> None:
    source = coco_of(tmp_path, "A dog.")
    assert source.objects("val2017/000000000009.jpg") is None
    assert "--set data.source.instances=FOLDER" in source.why_no_objects()
    path = write(tmp_path / "annotations/instances_val2017.json", INSTANCES)
    for place in (tmp_path, path):
        known = replace(source, instances=place)
        assert known.why_no_objects() == ""
        assert known.objects("val2017/000000000009.jpg") == Objects(("dog",), ("traffic light",))
        assert known.objects("val2017/000000000004.jpg") == Objects((), ("dog", "traffic light"))
        assert known.objects("val2017/1.jpg") is None


@pytest.mark.parametrize(
    ("content", "found"),
    [
        ({"images": [], "annotations": []}, "expected COCO's instances"),
        ({**INSTANCES, "categories": []}, "KeyError 1"),
        ({**INSTANCES, "images": [{"id": 9}]}, "KeyError 'file_name'"),
    ],
)
def test_other_files_than_instances_are_refused(
    content: object, found: str, tmp_path: Path
) -> None:
    source = coco_of(tmp_path, "A dog.")
    place = tmp_path / "objects"
    place.mkdir()
    with pytest.raises(UsageError, match=r"expected instances_val2017\.json in it"):
        replace(source, instances=place).why_no_objects()
    write(place / "instances_val2017.json", content)
    with pytest.raises(UsageError, match=found):
        replace(source, instances=place).objects("val2017/000000000009.jpg")
