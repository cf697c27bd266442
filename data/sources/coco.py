"""MS-COCO's caption files."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import PurePath
from typing import NamedTuple

from data.errors import UsageError
from data.records import Caption, Skip
from data.sources.caption_cells import cell_texts
from data.sources.coco_instances import file_of, read_instances
from data.sources.files import (
    Files,
    Splits,
    contents,
    existing,
    files_of,
    json_of,
    name_in,
    shape,
    split_name,
)
from data.sources.licences import LICENCES
from data.sources.listing import SAME_SPLIT
from data.sources.objects import Objects
from data.sources.packed import kind_of, plain_name
from data.sources.raw_captions import TWO_FILES, RawCaption, captions_of, key_of
from data.storage import AnyPath, entries

_PREFIX = "captions_"


class _Image(NamedTuple):
    """An image: its id, the file names listed for it, its annotations' ids and captions."""

    id: object
    names: set[str]
    captions: list[tuple[object, object]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Coco:
    """MS-COCO's captions_*.json in COCO's own layout.

    ROOT/annotations/captions_val2017.json (or ROOT/captions_val2017.json, or that file itself)
    {"images": [{"id", "file_name"}], "annotations": [{"id", "image_id", "caption"}]}

    The image key is `val2017/000000000139.jpg`. The id `coco:139:2` counts an image's captions by
    annotation id. The 2014 and 2017 releases are the same photographs cut into other splits, so
    their ids are unique within a split only. Captions of an image id that names several files are
    skipped.

    `instances`: COCO's annotated objects, an instances_*.json or the folder of them, for the rule
    of positives `absence`: {"images": ..., "annotations": [{"image_id", "category_id"}],
    "categories": [{"id", "name"}]}.
    """

    root: AnyPath
    only_splits: tuple[str, ...] | None = None
    instances: AnyPath | None = None

    @property
    def licence(self) -> str:
        """Return the licence of the captions (the photographs have their own)."""
        return LICENCES["coco"]

    def splits(self) -> tuple[str, ...]:
        """Return the splits found or requested, for example ("train2017", "val2017")."""
        return tuple(self._files().splits)

    def left_out(self) -> tuple[Skip, ...]:
        """Return the caption files that are not read because another one has the same split."""
        return self._files().left_out

    def read(self, split: str) -> Iterator[Caption | Skip]:
        """Yield the captions in the order of the file's images."""
        (path,) = files_of(split, self._files().splits)
        return captions_of(_rows(path, split=split), source="coco")

    def why_no_objects(self) -> str:
        """Return what is missing for `objects`; the files of all splits must be there."""
        if self.instances is None:
            return (
                "needs the annotated objects: --set data.source.instances=FOLDER, that of "
                "instances_*.json"
            )
        for split in self.splits():
            file_of(self.instances, split)
        return ""

    def objects(self, image: str) -> Objects | None:
        """Return the categories that are annotated in an image, and all others."""
        if self.instances is None:
            return None
        split, _, name = image.partition("/")
        return read_instances(file_of(self.instances, split)).of(name)

    def _files(self) -> Files:
        root = existing(self.root)
        is_file = root.is_file()
        folders = () if is_file else (root / "annotations", root)
        paths = [root] if is_file else [path for each in folders for path in _captions_in(each)]
        if not paths:
            raise UsageError(
                f"{root}: expected annotations/{_PREFIX}*.json in it, found {contents(root)}"
            )
        found: Splits = {}
        left_out: list[Skip] = []
        for path in paths:
            stem = PurePath(plain_name(path.name)).stem
            split = split_name(stem[len(_PREFIX) :] if stem.lower().startswith(_PREFIX) else stem)
            if found.setdefault(split, (path,)) != (path,):
                left_out.append(Skip(SAME_SPLIT, name_in(root, path)))
        return Files(found, tuple(left_out)).only(self.only_splits)


def _captions_in(folder: AnyPath) -> list[AnyPath]:
    """Return the files of captions in a folder, sorted; none if there is no such folder."""
    try:
        found = entries(folder)
    except (FileNotFoundError, NotADirectoryError):
        return []
    return [
        entry.path
        for entry in found
        if entry.is_file
        and entry.name.lower().startswith(_PREFIX)
        and kind_of(entry.name) == ".json"
    ]


def _rows(path: AnyPath, *, split: str) -> Iterator[RawCaption | Skip]:
    """Yield the annotations image by image; those of unlisted images last, without a key."""
    for image in _images_of(path):
        captions = sorted(image.captions, key=_order)
        texts = [(each, text) for each, cell in captions for text in cell_texts(cell, "never")]
        for ordinal, (annotation, text) in enumerate(texts):
            where = f"{path.name}, annotation {annotation}"
            if len(image.names) > 1:
                yield Skip(TWO_FILES, where)
                continue
            name = next(iter(image.names), None)
            yield RawCaption(name and f"{split}/{name}", text, where, f"coco:{image.id}:{ordinal}")


def _image(images: dict[str | None, _Image], image_id: object) -> _Image:
    """Return the image with an id, created if needed."""
    key = key_of(image_id)
    if key not in images:
        images[key] = _Image(image_id, set(), [])
    return images[key]


def _order(caption: tuple[object, object]) -> tuple[bool, float, str]:
    """Return a sort key for annotation ids: numbers, then texts."""
    annotation, _ = caption
    if isinstance(annotation, int | float):
        return False, annotation, ""
    return True, 0, str(annotation)


def _images_of(path: AnyPath) -> Iterable[_Image]:
    """Return the images of a file, with their captions.

    Ids are compared as texts, because some tools write numbers and others texts.

    Raises:
        UsageError: the file has another layout.
    """
    content = json_of(path)
    if not isinstance(content, dict) or not {"images", "annotations"} <= content.keys():
        raise UsageError(
            f'{path}: expected {{"images": [...], "annotations": [...]}}, found '
            f"{shape(content)}; give a file of captions in COCO's layout, or read a "
            "list of objects with the source jsonl"
        )
    images: dict[str | None, _Image] = {}
    try:
        for item in content["images"]:
            image = _image(images, item["id"])
            image.names.update(filter(None, [key_of(item["file_name"])]))
        for item in content["annotations"]:
            image = _image(images, item["image_id"])
            image.captions.append((item["id"], item.get("caption")))
        has_captions = not content["annotations"] or "caption" in content["annotations"][0]
    except (KeyError, TypeError, AttributeError) as error:
        raise UsageError(
            f"{path}: expected images with id and file_name, and annotations with id, image_id "
            f"and caption; found {type(error).__name__} {error}"
        ) from error
    if not has_captions:
        raise UsageError(
            f"{path}: expected annotations with a caption, found "
            f"{shape(content['annotations'][0])}; give captions_*.json, not instances or keypoints"
        )
    return images.values()
