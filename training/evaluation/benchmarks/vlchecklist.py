"""VL-CheckList (Zhao et al. 2022, arXiv 2207.00221): objects, attributes and relations.

Checked against the authors' files, lists of corpora and loader: the first 1,000 pairs of each
corpus, and the first caption of each pair. The published figure of a part is the mean over sources
(Visual Genome, SWiG, HAKE), that of a source the mean over its corpora.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

from data.errors import UsageError
from training.evaluation.benchmarks.files import read_list, texts
from training.evaluation.tasks import CAPTIONS, ImageRef, Item, Task

_MOST: Final = 1000
_ROLES: Final[Mapping[str, tuple[str, ...]]] = {
    "hake": ("hake_obj",),
    "swig": ("swig_agent", "swig_destination", "swig_item", "swig_tool"),
    "vg": ("vg_obj", "vg_subj"),
}
_EXPECTED: Final[Mapping[str, int]] = {
    "object_location_center": 7000,
    "object_location_margin": 3514,
    "object_location_mid": 6530,
    "object_size_large": 7000,
    "object_size_medium": 5293,
    "object_size_small": 3519,
    "attribute_action": 2000,
    "attribute_color": 2000,
    "attribute_material": 2000,
    "attribute_size": 2000,
    "attribute_state": 1941,
    "relation_action": 3000,
    "relation_spatial": 1000,
}


class _Corpus(NamedTuple):
    source: str
    file: str
    images: str


def vlchecklist(root: Path) -> tuple[Task, ...]:
    """Return a task for each of the 13 parts.

    Raises:
        UsageError: a file is missing or not as expected.
    """
    return tuple(_task(root, name, expected) for name, expected in _EXPECTED.items())


def _corpora(part: str) -> tuple[_Corpus, ...]:
    aspect, _, kind = part.partition("_")
    if aspect == "attribute":
        return tuple(_Corpus(s, f"Attribute/{s}/{kind}.json", "vg") for s in ("vaw", "vg"))
    in_genome = _Corpus("vg", f"Relation/vg/{kind}.json", "vg")
    if aspect == "relation":
        others = ("hake", "swig") if kind == "action" else ()
        return *(_Corpus(s, f"Relation/{s}_{kind}.json", s) for s in others), in_genome
    measure, _, degree = kind.partition("_")
    return tuple(
        _Corpus(source, _object_file(source, role, measure, degree), source)
        for source, roles in _ROLES.items()
        for role in roles
    )


def _object_file(source: str, role: str, measure: str, degree: str) -> str:
    folder = f"{source}_{measure}" + (f"/{role}" if source == "swig" else "")
    return f"Object/{measure.title()}/{folder}/{role}_{degree}.json"


def _task(root: Path, name: str, expected: int) -> Task:
    items: list[Item] = []
    strata: list[str] = []
    for corpus in _corpora(name):
        found = _items(root / corpus.file, corpus)
        items += found
        strata += [f"{corpus.source}/{Path(corpus.file).stem}"] * len(found)
    return Task(
        name=name,
        layout=CAPTIONS,
        items=tuple(items),
        strata=tuple(strata),
        expected=expected,
    )


def _items(path: Path, corpus: _Corpus) -> list[Item]:
    items = []
    for number, row in enumerate(read_list(path)[:_MOST]):
        match row:
            case [str() as image, dict() as captions]:
                pair = tuple(texts(captions, side, path=path)[0] for side in ("POS", "NEG"))
                key = f"{corpus.source}:{path.stem}:{number}"
                items.append(Item(key, (ImageRef(f"{corpus.images}/{image}"),), pair))
            case _:
                raise UsageError(f"{path}: expected [image, {{POS, NEG}}], found {row!r:.80}")
    return items
