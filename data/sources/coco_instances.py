"""COCO's instances_*.json: which of its categories are annotated in an image."""

from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from data.errors import UsageError
from data.sources.files import contents, existing, json_of, shape
from data.sources.objects import Objects
from data.storage import AnyPath

_PREFIX = "instances_"


class Instances(NamedTuple):
    """The categories of a file, and by the name of an image file those annotated in it."""

    categories: frozenset[str]
    by_image: Mapping[str, frozenset[str]]

    def of(self, name: str) -> Objects | None:
        """Return what is in an image file and what is not, None for one that is not listed."""
        present = self.by_image.get(name)
        if present is None:
            return None
        return Objects(tuple(sorted(present)), tuple(sorted(self.categories - present)))


@lru_cache(maxsize=16)
def file_of(place: AnyPath, split: str) -> AnyPath:
    """Return the file of a split's instances: the place itself, or the one in that folder.

    Raises:
        UsageError: there is none.
    """
    root = existing(place)
    if root.is_file():
        return root
    name = f"{_PREFIX}{split}.json"
    for path in (root / name, root / "annotations" / name):
        if path.is_file():
            return path
    raise UsageError(f"{root}: expected {name} in it, found {contents(root)}")


@lru_cache(maxsize=2)
def read_instances(path: AnyPath) -> Instances:
    """Return what a file says of its images; read once a process.

    Raises:
        UsageError: it has another layout.
    """
    content = json_of(path)
    names = ("images", "annotations", "categories")
    if not isinstance(content, dict) or not set(names) <= content.keys():
        raise UsageError(
            f"{path}: expected COCO's instances, an object with {', '.join(names)}; found "
            f"{shape(content)}"
        )
    try:
        categories = {item["id"]: str(item["name"]).lower() for item in content["categories"]}
        files = {item["id"]: str(item["file_name"]) for item in content["images"]}
        found: dict[str, set[str]] = {name: set() for name in files.values()}
        for item in content["annotations"]:
            found[files[item["image_id"]]].add(categories[item["category_id"]])
    except (KeyError, TypeError) as error:
        raise UsageError(
            f"{path}: expected images with id and file_name, categories with id and name, and "
            "annotations with the image_id and category_id of one of these; found "
            f"{type(error).__name__} {error}"
        ) from error
    by_image = {name: frozenset(present) for name, present in found.items()}
    return Instances(frozenset(categories.values()), by_image)
