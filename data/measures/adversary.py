"""A trained adversary, which learns from text alone to tell captions from negatives.

It is a logistic regression, trained on four fifths of the images and tested on the others: how
often does it score the true caption above its negative? It sees no image, so negatives that give
nothing away keep it at 0.5. The only import of scikit-learn.

The word reader sees TF-IDF of character 1- to 4-grams and word 1- to 3-grams (punctuation counts as
words), case-sensitive, with the vocabulary and weights of the training folds only. The form reader
sees what `forms` measures. A text is weighted by the number of its pairs, so that both sides have
equal weight; equal texts of one side share a row.
"""

import warnings
from collections.abc import Sequence
from typing import Any, Final, NamedTuple, Protocol

import numpy as np
import scipy.sparse
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from data.streams import Stream

Matrix = Any
"""Texts by features, M x D: a scipy.sparse matrix or an array."""
Indices = NDArray[np.int64]

NUM_FOLDS: Final = 5
_SALT: Final = "audit folds"  # distinct from every sampler's stream
_WORDS_AND_MARKS: Final = r"(?u)\w+|[^\w\s]"
_INVERSE_PENALTY: Final = 10.0  # with 3 or 30 the figures of published sets change by less than .01
_EQUAL: Final = 1e-9  # smaller differences are rounding errors
_MAX_STEPS: Final = 1000
_TOLERANCE: Final = 1e-5
"""Tolerance of the mean gradient. With scikit-learn's 1e-4 the training stops before its first step
if captions and negatives have the same words: nothing is learned, and every pair is a tie.
"""


class Reader(Protocol):
    """The features that an adversary sees of a fixed list of texts."""

    def features(self, train: Indices) -> Matrix:
        """Return the features of all texts, M x D, fitted on those at `train` only."""


class WordReader(NamedTuple):
    """Counts of character and word n-grams, M x D each."""

    counts: tuple[Matrix, ...]

    def features(self, train: Indices) -> Matrix:
        """As for `Reader.features`: each block of counts becomes TF-IDF of length 1."""
        return scipy.sparse.hstack([_tfidf(counts, train) for counts in self.counts], format="csr")


class TableReader(NamedTuple):
    """Numbers for each text, M x D."""

    table: NDArray[np.float64]

    def features(self, train: Indices) -> Matrix:
        """As for `Reader.features`: each number is centred and scaled."""
        return StandardScaler().fit(self.table[train]).transform(self.table)


def word_reader(texts: Sequence[str]) -> WordReader:
    """Return the reader of the words and characters of texts, M."""
    vectorizers = (
        CountVectorizer(analyzer="char", ngram_range=(1, 4), lowercase=False, dtype=np.float32),
        CountVectorizer(
            token_pattern=_WORDS_AND_MARKS, ngram_range=(1, 3), lowercase=False, dtype=np.float32
        ),
    )
    return WordReader(tuple(vectorizer.fit_transform(texts) for vectorizer in vectorizers))


def distinct_texts(
    captions: Sequence[str], negatives: Sequence[str]
) -> tuple[list[str], Indices, Indices]:
    """Return the M distinct texts of N pairs, and the indices of both sides, N each."""
    indices: dict[str, int] = {}
    sides = [
        np.array([indices.setdefault(text, len(indices)) for text in texts], np.int64)
        for texts in (captions, negatives)
    ]
    return list(indices), sides[0], sides[1]


def folds_of(groups: Indices, seed: int) -> Indices:
    """Return the fold of each of N pairs, 0 to NUM_FOLDS - 1; a group stays in one fold.

    Folds have nearly equal numbers of groups.
    """
    names = sorted(set(groups.tolist()))
    order = Stream(seed, _SALT).shuffled(names)
    fold = {group: index % NUM_FOLDS for index, group in enumerate(order)}
    return np.array([fold[group] for group in groups.tolist()], np.int64)


def held_out_wins(
    reader: Reader, captions: Indices, negatives: Indices, folds: Indices
) -> NDArray[np.float64]:
    """Return for each of N pairs 1 if its caption scores higher, 0 if its negative, 0.5 for ties.

    As `held_out_margins`, of which these are the signs.
    """
    return wins_of(held_out_margins(reader, captions, negatives, folds))


def wins_of(margins: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return 1 for each positive margin, 0 for each negative one and 0.5 for zero."""
    wins: NDArray[np.float64] = 0.5 + 0.5 * np.sign(margins)
    return wins


def held_out_margins(
    reader: Reader, captions: Indices, negatives: Indices, folds: Indices
) -> NDArray[np.float64]:
    """Return by how many nats of log-odds each of N captions scores above its negative.

    `captions`, `negatives`: indices among the reader's texts. `folds`: of the pairs; each is scored
    by an adversary that was trained on the others. Margins that differ from zero by rounding alone
    are zero.

    Raises:
        ValueError: all pairs are in one fold.
    """
    margins = np.full(len(captions), np.nan)
    for fold in np.unique(folds):
        held_out = folds == fold
        if held_out.all():
            raise ValueError("expected pairs in two folds or more, found one")
        scores = _scores(reader, captions[~held_out], negatives[~held_out])
        ahead = scores[captions[held_out]] - scores[negatives[held_out]]
        ahead[np.abs(ahead) < _EQUAL] = 0
        margins[held_out] = ahead
    return margins


def _scores(reader: Reader, captions: Indices, negatives: Indices) -> NDArray[np.float64]:
    """Train on pairs of text indices; return the score of every text, M."""
    texts = [np.unique(side, return_counts=True) for side in (captions, negatives)]
    train = np.concatenate([indices for indices, _ in texts])
    weights = np.concatenate([times for _, times in texts]).astype(np.float64)
    is_caption = np.repeat((1, 0), [len(indices) for indices, _ in texts])
    features = reader.features(train)
    model = LogisticRegression(C=_INVERSE_PENALTY, max_iter=_MAX_STEPS, tol=_TOLERANCE)
    with warnings.catch_warnings(), threadpool_limits(limits=1):  # threads wait when busy
        warnings.simplefilter("ignore", ConvergenceWarning)  # still usable if stopped early
        model.fit(features[train], is_caption, sample_weight=weights)
    return np.asarray(model.decision_function(features), np.float64)


def _tfidf(counts: Matrix, train: Indices) -> Matrix:
    seen = np.flatnonzero(counts[train].getnnz(axis=0))
    known = counts[:, seen]
    return TfidfTransformer().fit(known[train]).transform(known)
