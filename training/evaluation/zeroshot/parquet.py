"""Parquet files of `datasets`: a column of images, and one of labels or of lists of labels.

The library writes the types of the columns into the file. Without them the columns are `image` and
`label`, and labels are numbers.
"""

from collections.abc import Mapping
from functools import partial
from itertools import count
from pathlib import Path
from typing import NamedTuple

from data.errors import UsageError
from data.image_index import index_of_parquet
from data.parquet import read_features, read_records
from data.sources.files import Splits, find_splits
from data.storage import AnyPath
from training.evaluation.zeroshot.labelled import Labelled, Layout, Shelves, tested_part
from training.evaluation.zeroshot.sets import ZeroShotSet, class_names


class _Columns(NamedTuple):
    image: str
    label: str
    names: tuple[str, ...] | None


def layout_of_parquet(folder: Path, *, of: ZeroShotSet) -> Layout | None:
    """Return the layout of a set with parquet files, None if there is none.

    Raises:
        UsageError: no file belongs to the part for testing.
    """
    kept = [where for where in (folder / "data", folder, *_folders_in(folder)) if _has_files(where)]
    if not kept:
        return None
    found = [find_splits(where, suffixes=(".parquet",), split=None) for where in kept]
    paths = next((paths for splits in found if (paths := _tested(splits, of=of))), None)
    if paths is None:
        raise UsageError(
            f"{folder}: expected parquet files of the split {of.split}, found {', '.join(found[0])}"
        )
    columns = _columns(paths[0], num_classes=len(class_names(of)))
    return Layout(
        read=partial(_labelled, paths, columns), store=partial(_store, paths, columns.image)
    )


def _folders_in(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_dir())


def _has_files(folder: Path) -> bool:
    """Tell whether there are parquet files in a folder, or in its folders of splits."""
    return any(True for pattern in ("*.parquet", "*/*.parquet") for _ in folder.glob(pattern))


def _tested(splits: Splits, *, of: ZeroShotSet) -> tuple[AnyPath, ...] | None:
    part = tested_part({name: Path(name) for name in splits}, of=of)
    return None if part is None else splits[part.name]


def _columns(path: AnyPath, *, num_classes: int) -> _Columns:
    """Return the columns of images and of labels, preferably with the set's classes."""
    features = read_features(path)
    image = next((n for n, f in features.items() if _type(f) == "Image"), "image")
    labels = {name: names for name, f in features.items() if (names := _label_names(f))}
    label = next((n for n, names in labels.items() if len(names) == num_classes), None)
    name = label or next(iter(labels), "label")
    return _Columns(image, name, labels.get(name))


def _type(feature: object) -> object:
    return feature.get("_type") if isinstance(feature, Mapping) else None


def _label_names(feature: object) -> tuple[str, ...] | None:
    """Return the names of the labels of a column, which may hold lists of labels."""
    if isinstance(feature, list) and feature:
        return _label_names(feature[0])
    if _type(feature) == "ClassLabel" and isinstance(feature, Mapping):
        return tuple(map(str, feature.get("names", ()))) or None
    inner = feature.get("feature") if isinstance(feature, Mapping) else None
    return _label_names(inner) if inner else None


def _labelled(paths: tuple[AnyPath, ...], columns: _Columns) -> Labelled:
    keys: list[str] = []
    labels: list[tuple[int, ...]] = []
    several = False
    for path in paths:
        (split,) = find_splits(path, suffixes=(".parquet",), split=None)
        records = read_records(path, columns=(columns.label,))
        for number, (where, cells) in zip(count(), records, strict=False):
            cell = cells[columns.label]
            several = isinstance(cell, list)
            keys.append(f"{path.name}/{split}/{number}")
            labels.append(_label(cell, where=f"{path.parent / where}, {columns.label}"))
    return Labelled(tuple(keys), tuple(labels), columns.names, several)


def _label(cell: object, *, where: str) -> tuple[int, ...]:
    found = tuple(cell) if isinstance(cell, list) else (cell,)
    if not all(isinstance(label, int) for label in found):
        raise UsageError(f"{where}: expected the number of a class, found {cell!r}")
    return tuple(map(int, found))


def _store(paths: tuple[AnyPath, ...], image: str) -> Shelves:
    return Shelves(
        {
            path.name: index_of_parquet(
                (path,), root=path, image=image, key=None, cache=None, numbered=True
            )
            for path in paths
        }
    )
