"""Features of each candidate, from the corpus's counts without the caption's fold.

Sums of log probabilities of the words of a window, under models of several orders and kinds, and
sums of associations of the pairs that change. Each model is smoothed towards the next simpler one
by a Dirichlet prior: p(w | context) = (c(context, w) + m p'(w)) / (c(context) + m).
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from negatives.fluency.associations import (
    RARE,
    VOCABULARY,
    Columns,
    add_beside,
    add_pairs,
    add_spans,
)
from negatives.fluency.candidates import Block, Ints
from negatives.fluency.captions import ORDER, PADDING
from negatives.fluency.counting import CLASS_AFTER, CLASS_BEFORE, NGRAM, TOTAL
from negatives.fluency.counts import Folds
from negatives.fluency.lookups import CountLookup, Floats
from negatives.fluency.words import PAD

FEATURES = (
    *(f"{order}-gram" for order in range(1, ORDER + 1)),
    "class before",
    "class after",
    "governor",
    "dependant",
    "as dependant",
    "as head",
    "class as dependant",
    "class as head",
    "beside",
    "unseen 2-grams",
    "unseen 3-grams",
    "unseen pairs",
    "unseen beside",
    "words",
    "characters",
)
_PRIOR = (0.0, 0.0, 20.0, 8.0)  # by order
_CLASS_PRIOR = 20.0
_ROUNDING = 1e-9


class Features(NamedTuple):
    """Features of candidates: `supported` marks those with `values`, supported x FEATURES."""

    supported: NDArray[np.bool_]
    values: NDArray[np.float32]


def features_of(block: Block, source: CountLookup, *, min_context_coverage: float) -> Features:
    """Return the features of the candidates of a block.

    A candidate is supported if the corpus has its changed words together with at least a share of
    the words that go with them, in pairs or in the caption: `min_context_coverage` times COVERAGE
    of its kind, and all words of its pairs if its slot has `needs_full_coverage`. If the caption is
    not supported, no candidate is.
    """
    num = len(block.heads)
    columns: Columns = {name: np.zeros(num) for name in (*FEATURES, "asked")}
    folds = np.repeat(np.array(block.folds, np.uint8), block.sizes)
    add_spans(columns, block, folds, source)
    add_pairs(columns, block, folds, source)
    add_beside(columns, block, folds, source)
    unseen = columns["unseen pairs"] + columns["unseen beside"]
    needed = np.minimum(1.0, min_context_coverage * np.array(block.coverage, float))
    supported = unseen <= (1.0 - np.repeat(needed, block.sizes)) * columns["asked"] + _ROUNDING
    sizes = np.array(block.sizes, np.int64)
    supported &= (columns["unseen pairs"] == 0) | ~np.repeat(
        np.array(block.needs_full_coverage, bool), sizes
    )
    supported &= np.repeat(supported[np.cumsum(sizes) - sizes], sizes)
    for ids, candidate in block.windows():
        wanted = supported[candidate]
        of = candidate[wanted]
        for name, values in _of_windows(ids[wanted], folds[of], source).items():
            columns[name][of] = values
        columns["words"][of] = ids.shape[1] - 2 * PADDING
    columns["characters"] = np.array(block.characters, float)
    values = np.stack([columns[name][supported] for name in FEATURES], axis=1)
    return Features(supported, values.astype(np.float32))


def _of_windows(ids: Ints, folds: Folds, source: CountLookup) -> Columns:
    """Return the features of N windows of one width: N x (PADDING + width + PADDING) words."""
    hashes, classes = source.words.hashes()[ids], source.words.class_hashes()[ids]
    is_word = ids[:, PADDING:] != PAD
    total = source.total(TOTAL)[folds][:, None]
    of_word = source.of_words(ids[:, PADDING - 1 :], folds)
    chance = (of_word + RARE) / (total + RARE * VOCABULARY)
    features: Columns = {"1-gram": _sum_of_logs(chance[:, 1:], is_word)}
    probability, shorter = chance[:, 1:], of_word
    for order in range(2, ORDER + 1):
        begin = PADDING - (order < ORDER)  # the next order's contexts begin one position earlier
        keys = NGRAM[order - 1].keys(
            *(hashes[:, begin - back : ids.shape[1] - back] for back in range(order))
        )
        counts = source.count(keys, folds)
        here, prior = counts[:, PADDING - begin :], _PRIOR[order]
        probability = (here + prior * probability) / (shorter[:, :-1] + prior)
        features[f"{order}-gram"] = _sum_of_logs(probability, is_word)
        features[f"unseen {order}-grams"] = ((here == 0) & is_word).sum(axis=1)
        shorter = counts
    last = ids.shape[1] - 1  # beyond the first word after the change, bigrams are the same
    for name, joint, context, simpler in (
        (
            "class before",
            CLASS_BEFORE.keys(classes[:, PADDING - 1 : last - 1], hashes[:, PADDING:last]),
            source.of_classes(ids[:, PADDING - 1 : last - 1], folds, CLASS_BEFORE),
            chance[:, 1:-1],
        ),
        (
            "class after",
            CLASS_AFTER.keys(hashes[:, PADDING - 1 : last - 1], classes[:, PADDING:last]),
            source.of_classes(ids[:, PADDING:last], folds, CLASS_AFTER),
            chance[:, :-2],
        ),
    ):
        counts = source.count(joint, folds)
        smoothed = (counts + _CLASS_PRIOR * simpler) / (context + _CLASS_PRIOR)
        features[name] = _sum_of_logs(smoothed, is_word[:, :-1])
    return features


def _sum_of_logs(probability: Floats, is_word: NDArray[np.bool_]) -> Floats:
    total: Floats = np.where(is_word, np.log(probability), 0.0).sum(axis=1)
    return total
