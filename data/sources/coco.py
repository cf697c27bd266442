"""MS-COCO's caption files."""

from collections.abc import Iterator
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path

from data.errors import UsageError
from data.records import Caption, Skip
from data.sources.files import (
    Splits,
    chosen,
    contents,
    existing,
    files_of,
    json_of,
    shape,
    split_name,
)
from data.sources.found import Found, captions_of
from data.sources.licences import LICENCES

_PREFIX = "captions_"


@dataclass(frozen=True, kw_only=True, slots=True)
class Coco:
    """MS-COCO's captions_*.json in COCO's own layout.

    ROOT/annotations/captions_val2017.json (or ROOT/captions_val2017.json, or that file itself)
    {"images": [{"id", "file_name"}], "annotations": [{"id", "image_id", "caption"}]}

    The image key is `val2017/000000000139.jpg`. The id `coco:139:2` counts an image's captions by
    annotation id. The 2014 and 2017 releases are the same photographs cut into other splits, so
    their ids are unique within a split only.
    """

    root: Path
    only_splits: tuple[str, ...] | None = None

    @property
    def licence(self) -> str:
        """Return the licence of the captions (the photographs have their own)."""
        return LICENCES["coco"]

    def splits(self) -> tuple[str, ...]:
        """Return for example ("train2017", "val2017"): those found, or those asked for."""
        return tuple(self._files())

    def read(self, split: str) -> Iterator[Caption | Skip]:
        """Yield the captions in the order of the file's images."""
        (path,) = files_of(split, self._files())
        return captions_of(_rows(path, split=split), source="coco")

    def _files(self) -> Splits:
        root = existing(self.root)
        if root.is_file():
            paths = [root]
        else:
            folders = (root / "annotations", root)
            paths = next((p for f in folders if (p := sorted(f.glob(f"{_PREFIX}*.json")))), [])
        if not paths:
            raise UsageError(
                f"{root}: expected annotations/{_PREFIX}*.json in it, found {contents(root)}"
            )
        found: Splits = {split_name(p.stem.removeprefix(_PREFIX)): (p,) for p in paths}
        return chosen(found, self.only_splits)


def _rows(path: Path, *, split: str) -> Iterator[Found | Skip]:
    """Yield the annotations image by image; those of an unlisted image last, without a key."""
    files, groups = _by_image(path)
    for image, captions in groups.items():
        name = files.get(image)
        key = f"{split}/{name}" if isinstance(name, str) else None
        captions.sort(key=itemgetter(0))
        for ordinal, (annotation, text) in enumerate(captions):
            where = f"{path.name}, annotation {annotation}"
            yield Found(key, text, where, f"coco:{image}:{ordinal}")


def _by_image(path: Path) -> tuple[dict[int, object], dict[int, list[tuple[int, object]]]]:
    """Return file names, and (annotation id, caption) lists, by image id.

    Raises:
        UsageError: the file has another layout.
    """
    content = json_of(path)
    if not isinstance(content, dict) or not {"images", "annotations"} <= content.keys():
        raise UsageError(
            f'{path}: expected {{"images": [...], "annotations": [...]}}, found '
            f"{shape(content)}; give a file of captions in COCO's layout"
        )
    try:
        files: dict[int, object] = {i["id"]: i["file_name"] for i in content["images"]}
        groups: dict[int, list[tuple[int, object]]] = {image: [] for image in files}
        for item in content["annotations"]:
            groups.setdefault(item["image_id"], []).append((item["id"], item.get("caption")))
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
    return files, groups
