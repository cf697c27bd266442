"""The corpus model: what the captions of a corpus say of each other's slots.

Counts of the corpus by fold, and the weights of a conditional logit for each type of slot. It is
written beside the shards (OUT/fluency), so that another build can use it.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from data.errors import UsageError
from data.records import Caption
from negatives.draws import Scores
from negatives.fluency.associations import Floats
from negatives.fluency.candidates import Block
from negatives.fluency.captions import view_of
from negatives.fluency.counting import COMPANY, relation_hashes
from negatives.fluency.counts import NUM_FOLDS, Table
from negatives.fluency.features import FEATURES, features_of
from negatives.fluency.folds import Folds, keys_of
from negatives.fluency.logit import Slots, balance, fit
from negatives.fluency.words import Hashes, Words
from negatives.parse import Parse
from negatives.slots import Slot

Offered = Sequence[tuple[Caption, Parse, Sequence[Slot]]]
"""Captions with their parses and all their slots."""

FILES = (
    "keys", "counts", "texts", "text_folds", "images", "image_folds", "names", "biases",
)  # fmt: skip
MOST_SLOTS = 50_000  # that weights are fitted to
MOST = 0.38  # of all negatives, of one kind: what guards refuse moves it by a hundredth or two
ASKED = (
    "replace/obj", "replace/att", "replace/act", "swap/np", "swap/obj", "swap/att", "swap/act",
)  # fmt: skip
"""Kinds that change content words: of these it counts what they were seen with."""

DIGITS = 4  # of a weight: what arithmetic on other machines may differ in is far below
POOLED = "all"
_STRENGTH = 1.0
_STRENGTH_OF_TYPE = 5.0
_STRENGTH_OF_NAME = 3.0
_ROUNDS = 100
_NO_NAMES = np.zeros(0, np.uint64)


class Sample(NamedTuple):
    """Slots that were laid out, one after another.

    Of each slot its kind "type/subtype", size and fold. Of each candidate `names`, kind and words
    in one hash; `companies`, that and the word it goes with; `known`, the share of the words around
    with which it was seen; its features. `laid_out[slot]`: whether it was, of all slots that were
    given. `refused[candidate]`: whether a sibling refuses it, of a sample for `fitted`.
    """

    kinds: list[str]
    sizes: list[int]
    folds: list[int]
    names: Hashes
    companies: Hashes
    known: Floats
    features: NDArray[np.float32]
    laid_out: list[bool]
    refused: NDArray[np.bool_] = np.zeros(0, bool)


@dataclass(frozen=True, kw_only=True, slots=True)
class CorpusModel:
    """`weights[kind]`: one number for each of FEATURES, for slots of a "type/subtype".

    `biases`: by name (kind and words in one hash, ascending) and fold, what is added to a score.
    `keep[kind]`: the chance with which what is drawn of a kind is kept, so that none outweighs the
    rest.
    """

    table: Table
    folds: Folds
    weights: Mapping[str, Floats]
    names: Hashes
    biases: NDArray[np.float32]
    keep: Mapping[str, float]
    num_captions: int

    def scores(self, sample: Sample, *, known: float) -> list[Scores | None]:
        """Return log p, but for a constant, of each slot's candidates, the caption's own first.

        -inf for a candidate of which less than the share `known` was seen; None for a slot that
        was not laid out.
        """
        sizes = np.array(sample.sizes, np.int64)
        scores = np.empty(len(sample.features))
        kind_of = np.repeat(np.array(sample.kinds, str), sizes)
        for kind in set(sample.kinds):
            rows = kind_of == kind
            scores[rows] = sample.features[rows] @ self.weights.get(kind, self.weights[POOLED])
        scores[sample.known < known] = -np.inf
        flat = np.round(scores + self._biases(sample), DIGITS).tolist()
        ends = np.cumsum(sizes).tolist()
        of_slot = iter([flat[end - size : end] for end, size in zip(ends, sizes, strict=True)])
        return [next(of_slot) if is_laid_out else None for is_laid_out in sample.laid_out]

    def _biases(self, sample: Sample) -> Floats:
        found = np.zeros(len(sample.names))
        if not len(self.names):
            return found
        folds = np.repeat(np.array(sample.folds, np.int64), sample.sizes)
        for names in (sample.names, sample.companies):
            places = np.minimum(np.searchsorted(self.names, names), len(self.names) - 1)
            found += np.where(self.names[places] == names, self.biases[places, folds], 0.0)
        return found

    def sample(self, block: Offered, words: Words) -> Sample:
        """Return the slots of captions with the features that the counts give them."""
        laid = Block(words)
        folds = self.folds.of(keys_of([caption for caption, _, _ in block])).tolist()
        laid_out: list[bool] = []
        for (_, parse, slots), fold in zip(block, folds, strict=True):
            if slots:
                laid_out += laid.add(view_of(parse, words), slots, fold)
        kinds = [f"{slot.type}/{slot.subtype}" for _, _, slots in block for slot in slots]
        kept = [kind for kind, is_laid in zip(kinds, laid_out, strict=True) if is_laid]
        kind_hashes = np.repeat(relation_hashes(kept), laid.sizes) if kept else _NO_NAMES
        names = words.hashes()[np.array(laid.names, np.int64)] + kind_hashes
        features, known = features_of(laid, self.table)
        kind_of = np.repeat(np.array(kept, str), np.array(laid.sizes, np.int64))
        known[~np.isin(kind_of, ASKED)] = 1.0
        companions = words.hashes()[np.array(laid.companions, np.int64)]
        companies = COMPANY.keys(names, np.repeat(companions, laid.sizes))
        narrow = features.astype(np.float32)
        return Sample(kept, laid.sizes, laid.folds, names, companies, known, narrow, laid_out)


class Fitted(NamedTuple):
    """Weights by kind, names and their biases by fold, chances to keep; see `CorpusModel`."""

    weights: dict[str, Floats]
    names: Hashes
    biases: NDArray[np.float32]
    keep: dict[str, float]


def fitted(samples: Sequence[Sample], *, reach: float, known: float) -> Fitted:
    """Return the weights and biases that samples of true captions ask for.

    The weights make captions likely among their candidates. The biases then make up for what guards
    refuse on one side alone: as often as a word is drawn away, it is to be drawn in. They are found
    for words and for words in their company, outside of each fold; and last for words, over all.
    """
    kinds = np.array([kind for sample in samples for kind in sample.kinds])
    sizes = np.array([size for sample in samples for size in sample.sizes], np.int64)
    if not len(sizes):
        return Fitted(
            {POOLED: np.zeros(len(FEATURES))}, _NO_NAMES, np.zeros((0, NUM_FOLDS), "f4"), {}
        )
    features, refused = (
        np.concatenate([getattr(sample, field) for sample in samples])
        for field in ("features", "refused")
    )
    weights, scores = _weights(features, kinds, sizes)
    scores[np.concatenate([sample.known for sample in samples]) < known] = -np.inf
    names, name_of = np.unique(
        np.stack(
            [
                np.concatenate([getattr(sample, field) for sample in samples])
                for field in ("names", "companies")
            ]
        ),
        return_inverse=True,
    )
    name_of = name_of.reshape(2, -1)
    fold_of = np.array([fold for sample in samples for fold in sample.folds])
    of_slot = np.repeat(np.arange(len(sizes)), sizes)
    found = np.zeros((len(names), NUM_FOLDS))

    def rebalance(folds: Sequence[int], slots: NDArray[np.bool_], level: int) -> None:
        rows = slots[of_slot]
        fold = fold_of[of_slot][rows] if len(folds) == NUM_FOLDS else folds[0]
        at = name_of[:, rows]
        part = Slots(
            scores[rows] + found[at[0], fold] + found[at[1], fold], sizes[slots], at[level]
        )
        added = balance(part, refused[rows], reach=reach, strength=_STRENGTH_OF_NAME)
        found[: len(added), list(folds)] += added[:, None]

    for fold in range(NUM_FOLDS):
        others = fold_of != fold
        if others.any():
            rebalance([fold], others, 0)
            rebalance([fold], others, 1)
    rebalance(range(NUM_FOLDS), np.ones(len(sizes), bool), 0)
    rounded = {kind: np.round(values, DIGITS) for kind, values in weights.items()}
    at = fold_of[of_slot]
    final = Slots(scores + found[name_of[0], at] + found[name_of[1], at], sizes, name_of[0])
    kind_names, kind_of = np.unique(kinds, return_inverse=True)
    yields = np.bincount(kind_of, final.yields(refused, reach=reach)).astype(float)
    keep = dict(zip(kind_names.tolist(), kept_of(yields).tolist(), strict=True))
    return Fitted(rounded, names, np.round(found, DIGITS).astype(np.float32), keep)


def kept_of(yields: Floats) -> Floats:
    """Return the chance with which each kind is kept, so that none is more than MOST of all.

    All are kept whole where there are too few kinds for that.
    """
    if MOST * np.count_nonzero(yields) <= 1:
        return np.ones(len(yields))
    ceiling = float(yields.max(initial=0.0))
    for _ in range(_ROUNDS):
        ceiling = min(ceiling, MOST * float(np.minimum(yields, ceiling).sum()))
    kept: Floats = np.minimum(1.0, ceiling / np.maximum(yields, 1e-9)).astype(float)
    return np.round(kept, DIGITS)


def _weights(
    features: Floats, kinds: NDArray[np.str_], sizes: NDArray[np.int64]
) -> tuple[dict[str, Floats], Floats]:
    """Return the weights of all slots and of each kind, and the scores that the latter give."""
    of_slot = np.repeat(np.arange(len(sizes)), sizes)
    scores = np.empty(len(features))

    def fit_to(slots: NDArray[np.bool_], prior: Floats, strength: float) -> Floats:
        places = np.flatnonzero(slots)
        some = np.zeros(len(sizes), bool)
        some[places[:: 1 + len(places) // MOST_SLOTS]] = True
        return fit(features[some[of_slot]], sizes[some], prior=prior, strength=strength)

    pooled = fit_to(np.ones(len(sizes), bool), np.zeros(len(FEATURES)), _STRENGTH)
    weights = {POOLED: pooled}
    for kind in sorted(set(kinds.tolist())):
        chosen = kinds == kind
        weights[kind] = fit_to(chosen, pooled, _STRENGTH_OF_TYPE)
        rows = chosen[of_slot]
        scores[rows] = features[rows] @ weights[kind]
    return weights, scores


def write_model(folder: Path, model: CorpusModel) -> list[Path]:
    """Write a model's files into a folder; return them."""
    folder.mkdir(parents=True, exist_ok=True)
    arrays: dict[str, NDArray[Any]] = dict(
        zip(
            FILES,
            (model.table.keys, model.table.counts, *model.folds, model.names, model.biases),
            strict=True,
        )
    )
    written: list[Path] = []
    for name, array in arrays.items():
        path = folder / f"{name}.npy"
        np.save(path, array, allow_pickle=False)
        written.append(path)
    content = {
        "features": FEATURES,
        "weights": {kind: values.tolist() for kind, values in model.weights.items()},
        "keep": dict(model.keep),
        "captions": model.num_captions,
    }
    path = folder / "model.json"
    path.write_text(json.dumps(content, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    return [*written, path]


def read_model(folder: Path) -> CorpusModel:
    """Return the model in a folder; its arrays stay mapped on disk.

    Raises:
        UsageError: there is none, or one of another version.
    """
    try:
        content = json.loads((folder / "model.json").read_text(encoding="utf-8"))
        arrays = {
            name: np.asarray(np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False))
            for name in FILES
        }
    except (OSError, ValueError) as error:
        raise UsageError(
            f"{folder}: expected the corpus model of a finished build ({error}); build with "
            "`--set negatives.choice.weights=corpus`"
        ) from error
    if tuple(content["features"]) != FEATURES:
        raise UsageError(f"{folder}: a corpus model of another version; build it anew")
    keys, counts, *folds, names, its_biases = arrays.values()
    return CorpusModel(
        table=Table(keys, counts),
        folds=Folds(*folds),
        weights={kind: np.array(values) for kind, values in content["weights"].items()},
        names=names,
        biases=its_biases,
        keep=content["keep"],
        num_captions=content["captions"],
    )
