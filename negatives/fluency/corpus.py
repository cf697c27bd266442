"""The corpus model: it scores the slots of captions by the corpus's other captions.

It has counts by fold, and the weights of a conditional logit for each type of slot. It is written
beside the shards (OUT/fluency), so that other builds can use it.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from data.commit import attempt_path, move
from data.disk import writing
from data.errors import UsageError
from data.records import Caption
from data.storage import AnyPath, local_copy
from negatives.exclusion.model import Exclusion, Outside
from negatives.exclusion.rivals import Rivals
from negatives.fluency.candidates import Block
from negatives.fluency.captions import index_caption
from negatives.fluency.counting import relation_hashes
from negatives.fluency.counts import NUM_FOLDS, Table
from negatives.fluency.features import FEATURES, features_of
from negatives.fluency.folds import Folds, images_of, keys_of
from negatives.fluency.lookups import CountLookup, Floats
from negatives.fluency.words import Hashes, Words
from negatives.parse import Parse
from negatives.sampling import LogRatios
from negatives.slots import Slot
from negatives.words.rivals import RivalsOutside

Offered = tuple[Caption, Parse, Sequence[Slot]]
"""A caption with its parse and slots."""

COMPARED = ("pairs", "one_thing", "rivals", "rival_folds")
FILES = (
    "keys", "counts", "texts", "text_folds", "images", "image_folds", *COMPARED, "names",
    "biases",
)  # fmt: skip
MODEL_FILES = tuple(sorted((*(f"{name}.npy" for name in FILES), "model.json")))
DIGITS = 4  # of a weight; differences between machines are far smaller
POOLED = "all"


class Sample(NamedTuple):
    """Laid-out slots, one after another; `is_laid_out` marks them among the given slots.

    Each slot has a kind "type/subtype", a size and a fold. `supported[candidate]`: whether the
    corpus has seen enough of it. For the supported ones, `names`: a hash of kind and words;
    `features`; `refused`: whether a sibling rejects it, if that was checked.
    """

    is_laid_out: NDArray[np.bool_]
    kinds: NDArray[np.str_]
    sizes: NDArray[np.int64]
    folds: NDArray[np.uint8]
    supported: NDArray[np.bool_]
    names: Hashes
    features: NDArray[np.float32]
    refused: NDArray[np.bool_] = np.zeros(0, bool)

    def supported_sizes(self) -> NDArray[np.int64]:
        """Return how many candidates of each slot are supported, including the caption, or none."""
        starts = np.cumsum(self.sizes) - self.sizes
        return (
            np.add.reduceat(self.supported, starts, dtype=np.int64) if len(starts) else self.sizes
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class CorpusModel:
    """`weights[kind]`: one number for each of FEATURES, for slots of a "type/subtype".

    `biases`: by name (hash of kind and words, ascending) and fold, added to a score.
    `yields[kind]`: the number of negatives of a kind from its sample of captions.
    """

    table: Table
    folds: Folds
    exclusion: Exclusion
    rivals: Rivals
    weights: Mapping[str, Floats]
    names: Hashes
    biases: NDArray[np.float32]
    yields: Mapping[str, float]
    num_captions: int

    def log_ratios(self, sample: Sample) -> list[LogRatios]:
        """Return log p(alternative) - log p(caption) of each slot's alternatives, in order.

        -inf for an alternative if the corpus knows too little about it or what it replaces; empty
        for a slot that was not laid out, so that nothing is drawn there.
        """
        sizes = sample.supported_sizes()
        fitted = np.empty(len(sample.features))
        kind_of = np.repeat(sample.kinds, sizes)
        for kind in set(sample.kinds.tolist()):
            rows = kind_of == kind
            fitted[rows] = sample.features[rows] @ self.weights.get(kind, self.weights[POOLED])
        scores = np.full(len(sample.supported), -np.inf)
        scores[sample.supported] = np.round(
            fitted + self._biases(sample, np.repeat(sample.folds, sizes)), DIGITS
        )
        ends = np.cumsum(sample.sizes)
        starts = ends - sample.sizes
        own = np.repeat(scores[starts], sample.sizes)
        is_known = own > -np.inf
        ratios = np.full(len(scores), -np.inf)
        ratios[is_known] = scores[is_known] - own[is_known]
        flat = ratios.tolist()
        bounds = zip((starts + 1).tolist(), ends.tolist(), strict=True)
        of_slot = iter([flat[start:end] for start, end in bounds])
        return [next(of_slot) if is_laid_out else () for is_laid_out in sample.is_laid_out]

    def overlaps(self, captions: Sequence[Caption]) -> list[Outside]:
        """Return for each caption the pairs of words that may name one thing.

        Computed from the images of the other folds, without the caption's own image.
        """
        outside = [_outside(self.exclusion, fold) for fold in range(NUM_FOLDS)]
        folds = self.folds.of_images(images_of(captions))
        return [outside[fold] for fold in folds.tolist()]

    def rivals_of(self, captions: Sequence[Caption]) -> list[RivalsOutside]:
        """Return for each caption the nouns that are rivals, from the other folds."""
        folds = self.folds.of_images(images_of(captions))
        return [_rivals_outside(self.rivals, fold) for fold in folds.tolist()]

    def _biases(self, sample: Sample, folds: NDArray[np.uint8]) -> Floats:
        if not len(self.names):
            return np.zeros(len(sample.names))
        indices = np.minimum(np.searchsorted(self.names, sample.names), len(self.names) - 1)
        is_known = self.names[indices] == sample.names
        return np.where(is_known, self.biases[indices, folds], 0.0)

    def sample(
        self, block: Sequence[Offered], words: Words, *, min_context_coverage: float
    ) -> Sample:
        """Return the slots of captions with features from the counts.

        `min_context_coverage`: the share of the words around a changed one that the corpus must
        have seen together with it (`features_of`).
        """
        laid = Block(words)
        folds = self.folds.of(keys_of([caption for caption, _, _ in block])).tolist()
        is_laid_out: list[bool] = []
        for (_, parse, slots), fold in zip(block, folds, strict=True):
            if slots:
                is_laid_out += laid.add(index_caption(parse, words), slots, fold)
        which = np.array(is_laid_out, bool)
        all_kinds = [f"{slot.type}/{slot.subtype}" for _, _, slots in block for slot in slots]
        kinds = np.array(all_kinds, str)[which]
        sizes = np.array(laid.sizes, np.int64)
        supported, features = features_of(
            laid, _source(words, self.table), min_context_coverage=min_context_coverage
        )
        of_slot = np.repeat(np.arange(len(sizes)), sizes)[supported]
        names = np.array(laid.names, np.uint64)[supported] + relation_hashes(kinds)[of_slot]
        its_folds = np.array(laid.folds, np.uint8)
        return Sample(which, kinds, sizes, its_folds, supported, names, features)


@lru_cache(maxsize=1)
def _source(words: Words, table: Table) -> CountLookup:
    return CountLookup(words, table)


@lru_cache(maxsize=NUM_FOLDS)
def _outside(exclusion: Exclusion, fold: int) -> Outside:
    return exclusion.outside(fold)


@lru_cache(maxsize=NUM_FOLDS)
def _rivals_outside(rivals: Rivals, fold: int) -> RivalsOutside:
    return rivals.outside(fold)


def write_model(
    folder: AnyPath, model: CorpusModel, *, only: Sequence[str] = FILES, keep: bool = False
) -> list[AnyPath]:
    """Write a model's files into a folder; return them.

    `only`: the FILES to write, if the others exist already. `keep`: leave existing files, which
    have the same bytes, untouched because someone may be reading them.
    """
    folder.mkdir(parents=True, exist_ok=True)
    arrays: dict[str, NDArray[Any]] = dict(
        zip(
            FILES,
            (
                model.table.keys,
                model.table.counts,
                *model.folds,
                model.exclusion.keys,
                model.exclusion.one_thing,
                model.rivals.pairs,
                model.rivals.without,
                model.names,
                model.biases,
            ),
            strict=True,
        )
    )
    content = {
        "features": FEATURES,
        "weights": {kind: values.tolist() for kind, values in model.weights.items()},
        "yields": dict(model.yields),
        "rivals": model.rivals.lemmas,
        "captions": model.num_captions,
    }
    described = (json.dumps(content, indent=1, sort_keys=True) + "\n").encode()
    written: list[AnyPath] = []
    for name in (*(f"{array}.npy" for array in only), "model.json"):
        path = folder / name
        written.append(path)
        if keep and path.exists():
            continue
        draft = attempt_path(folder, name, "draft")
        try:
            with writing(path), draft.open("wb") as file:
                if name == "model.json":
                    file.write(described)
                else:
                    np.save(file, arrays[name.removesuffix(".npy")], allow_pickle=False)
            move(draft, path)
        finally:
            draft.unlink(missing_ok=True)
    return written


def _map_array(path: Path) -> NDArray[Any]:
    return np.asarray(np.load(path, mmap_mode="r", allow_pickle=False))


def read_model(folder: AnyPath) -> CorpusModel:
    """Return the model in a folder; its arrays stay memory-mapped.

    Raises:
        UsageError: there is none, or its version is different.
    """
    try:
        content = json.loads((folder / "model.json").read_text(encoding="utf-8"))
        arrays = {name: _map_array(local_copy(folder / f"{name}.npy")) for name in FILES}
    except (OSError, ValueError) as error:
        raise UsageError(
            f"{folder}: expected the corpus model of a finished build ({error}); only builds that "
            "weigh candidates by one have it, such as those with `--preset natural`"
        ) from error
    if tuple(content["features"]) != FEATURES or "yields" not in content:
        raise UsageError(f"{folder}: a corpus model of another version; build it again")
    keys, counts, *folds, pairs, one_thing, rivals, rival_folds, names, its_biases = arrays.values()
    return CorpusModel(
        table=Table(keys, counts),
        folds=Folds(*folds),
        exclusion=Exclusion(pairs, one_thing),
        rivals=Rivals(tuple(content["rivals"]), rivals, rival_folds),
        weights={kind: np.array(values) for kind, values in content["weights"].items()},
        names=names,
        biases=its_biases,
        yields=content["yields"],
        num_captions=content["captions"],
    )
