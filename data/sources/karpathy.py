"""Karpathy's splits of COCO, Flickr30k and Flickr8k."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Literal, NamedTuple, get_args

from data.errors import UsageError
from data.records import Caption, Skip
from data.sources.files import (
    choose_splits,
    contents,
    existing,
    find_named,
    json_of,
    shape,
    split_name,
)
from data.sources.grouping import together
from data.sources.licences import LICENCES
from data.sources.raw_captions import RawCaption, captions_of
from data.storage import AnyPath

Dataset = Literal["coco", "flickr30k", "flickr8k"]
_UNUSED = frozenset(("tokens", "sentids"))  # most of the file; dropped while reading


class _Image(NamedTuple):
    key: str
    texts: tuple[object, ...]
    where: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Karpathy:
    """Karpathy's splits: dataset_coco.json, dataset_flickr30k.json or dataset_flickr8k.json.

    {"dataset": "coco", "images": [{"filepath": "val2014", "filename": "COCO_val2014_1.jpg",
     "split": "test", "sentences": [{"raw": "a dog on a sofa"}]}]}

    `dataset` chooses one. "restval" counts as "train", as is customary, unless `fold_restval` is
    false. The image key is `val2014/COCO_val2014_1.jpg`, the id `karpathy:{image}:{ordinal}`.
    """

    root: AnyPath
    dataset: Dataset = "coco"
    fold_restval: bool = True
    only_splits: tuple[str, ...] | None = None

    @property
    def licence(self) -> str:
        """Return the licence of that dataset's captions."""
        return LICENCES[self.dataset]

    def splits(self) -> tuple[str, ...]:
        """Return the splits in the file, in order of appearance.

        Raises:
            UsageError: the file is missing, has another layout, or is of another dataset.
        """
        return tuple(self._images())

    def left_out(self) -> tuple[Skip, ...]:
        """Return nothing: there is one file."""
        return ()

    def read(self, split: str) -> Iterator[Caption | Skip]:
        """Yield the captions in the order of the file's images.

        Raises:
            UsageError: as for `splits`.
        """
        images = choose_splits(self._images(), (split,))[split]
        rows = together(partial(_rows, images), grouped=False)
        return captions_of(rows, source="karpathy")

    def _images(self) -> dict[str, list[_Image]]:
        path = _path(self.root, self.dataset)
        splits: dict[str, list[_Image]] = {}
        for split, image in _images_of(path, self.dataset):
            folded = "train" if split == "restval" and self.fold_restval else split
            splits.setdefault(folded, []).append(image)
        return choose_splits(splits, self.only_splits)


def _path(root: AnyPath, dataset: str) -> AnyPath:
    """Return the file of a dataset.

    Raises:
        UsageError: it is missing.
    """
    if existing(root).is_file():
        return root
    name = f"dataset_{dataset}.json"
    path = find_named(root, (name,))
    if path is None:
        others = [f"dataset_{other}.json" for other in get_args(Dataset)]
        advice = "; choose it with the option dataset" if find_named(root, others) else ""
        raise UsageError(f"{root}: expected {name} in it, found {contents(root)}{advice}")
    return path


def _images_of(path: AnyPath, dataset: str) -> Iterator[tuple[str, _Image]]:
    """Yield the split and the image of each entry.

    Raises:
        UsageError: the file has another layout, or is of another dataset.
    """
    content = json_of(path, drop=_UNUSED)
    if not isinstance(content, dict) or not isinstance(content.get("images"), list):
        raise UsageError(
            f'{path}: expected {{"images": [{{"filename", "split", "sentences"}}]}}, found '
            f"{shape(content)}; give Karpathy's dataset_*.json, or a list of objects to the source "
            "jsonl"
        )
    if (found := content.get("dataset", dataset)) != dataset:
        known = get_args(Dataset)
        raise UsageError(
            f"{path}: expected the dataset {dataset!r}, found {found!r}; "
            + (
                f"set it: --set data.source.dataset={found}"
                if found in known
                else f"{', '.join(known)} are supported; convert other captions to jsonl"
            )
        )
    for number, entry in enumerate(content["images"]):
        where = f"{path.name}, image {number}"
        try:
            key = "/".join(filter(None, (entry.get("filepath"), entry["filename"])))
            texts = tuple(sentence.get("raw") for sentence in entry["sentences"])
            split = split_name(entry["split"])
        except (KeyError, TypeError, AttributeError) as error:
            raise UsageError(
                f"{where}: expected filename, split and sentences with raw; found "
                f"{type(error).__name__} {error}"
            ) from error
        yield split, _Image(key, texts, where)


def _rows(images: list[_Image]) -> Iterator[RawCaption | Skip]:
    return (RawCaption(key, text, where) for key, texts, where in images for text in texts)
