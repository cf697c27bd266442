"""Retrieval on COCO and Flickr30k, by Karpathy's test split (CVPR 2015, arXiv 1412.2306).

Five captions per image, the first five of the few images that have more. Captions are used as they
are in the file, neither lower-cased nor truncated.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

from data.errors import UsageError
from data.sources.files import contents, existing, json_of, shape
from training.evaluation.tasks import ImageRef, Retrieval

_CAPTIONS: Final = 5
_UNUSED: Final = frozenset(("tokens", "sentids"))  # most of Karpathy's file
_COCO: Final = (
    "dataset_coco.json",
    "coco_karpathy_test.json",
    "coco_test_karpathy.json",
    "captions_val2017.json",
    "annotations/captions_val2017.json",
)
_FLICKR30K: Final = ("dataset_flickr30k.json", "flickr30k_test.json")
_OTHER_SPLIT: Final = (
    "captions_"  # COCO's own files do not hold the images of Karpathy's test split
)


class _Captioned(NamedTuple):
    key: str
    captions: list[str]


def coco(root: Path) -> tuple[Retrieval, ...]:
    """Return the retrieval among 5,000 images and 25,000 captions.

    COCO's own files of other splits can be read too; the task then has the file's name.

    Raises:
        UsageError: the file is missing or not as expected.
    """
    return (_task(_file(root, _COCO), expected=5000),)


def flickr30k(root: Path) -> tuple[Retrieval, ...]:
    """Return the retrieval among 1,000 images and 5,000 captions.

    Raises:
        UsageError: the file is missing or not as expected.
    """
    return (_task(_file(root, _FLICKR30K), expected=1000),)


def _file(root: Path, names: tuple[str, ...]) -> Path:
    if existing(root).is_file():
        return root
    found = next((root / name for name in names if (root / name).is_file()), None)
    if found is None:
        raise UsageError(f"{root}: expected {' or '.join(names)}, found {contents(root)}")
    return found


def _task(path: Path, *, expected: int) -> Retrieval:
    try:
        found = list(_captioned(json_of(path, drop=_UNUSED)))
    except (KeyError, TypeError, AttributeError) as error:
        raise UsageError(
            f"{path}: expected images with captions, found {type(error).__name__} {error}"
        ) from error
    except ValueError as error:
        raise UsageError(f"{path}: expected a unique id for each image, found {error}") from error
    empty = [key for key, captions in found if not captions]
    if empty or not found:
        raise UsageError(
            f"{path}: expected captions of each image, found none of "
            f"{empty[0] if empty else 'the test split'}"
        )
    kept = [captions[:_CAPTIONS] for _, captions in found]
    stem = path.stem
    is_other = stem.startswith(_OTHER_SPLIT)
    return Retrieval(
        name=stem.removeprefix(_OTHER_SPLIT) if is_other else "",
        images=tuple(ImageRef(key) for key, _ in found),
        captions=tuple(caption for captions in kept for caption in captions),
        owner=tuple(number for number, captions in enumerate(kept) for _ in captions),
        expected=None if is_other else expected,
    )


def _captioned(content: Any) -> Iterator[_Captioned]:  # noqa: ANN401 - JSON has no narrower type
    """Yield images with their captions: Karpathy's file, COCO's, or a list of the test split."""
    if isinstance(content, list):
        yield from (_Captioned(entry["image"], entry["caption"]) for entry in content)
    elif "annotations" in content:
        captions: dict[object, list[str]] = {image["id"]: [] for image in content["images"]}
        if len(captions) < len(content["images"]):
            num_more = len(content["images"]) - len(captions)
            raise ValueError(f"{num_more:,} repeated")
        for annotation in content["annotations"]:
            captions[annotation["image_id"]].append(annotation["caption"])
        for image in content["images"]:
            yield _Captioned(image["file_name"], captions[image["id"]])
    elif "images" in content:
        for image in content["images"]:
            if image["split"] == "test":
                key = "/".join(filter(None, (image.get("filepath"), image["filename"])))
                yield _Captioned(key, [sentence["raw"] for sentence in image["sentences"]])
    else:
        raise TypeError(shape(content))
