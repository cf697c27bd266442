"""The scores of readers that see only captions: how much of a benchmark needs no image.

* longer: the true caption has more characters than each of the others.
* words: a trained adversary (TF-IDF of characters and words, logistic regression, five folds by
  image) prefers the true caption to each of the others.
* language model: a causal language model finds it more probable than each of the others.
* no image (only where a model is evaluated): the model's own text tower, with one mean image.

A benchmark that gives nothing away is at 0.5 for pairs (1/K for K captions); far below is as
telling as far above. Ties count half. Tasks without false captions have no such score. If every
change occurs as often as its reverse, a trained reader of few items scores below a half, since the
changes it has learnt are then rarer among the items left for testing.
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import product
from typing import Final, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from data.errors import UsageError
from data.measures.adversary import distinct_texts, folds_of, held_out_wins, word_reader
from training.evaluation.outcomes import groups_of
from training.evaluation.strata import evened
from training.evaluation.tasks import (
    CAPTIONS,
    PARAPHRASES,
    TEXT_ALONE,
    TRUE_BEFORE_FALSE,
    Layout,
    Task,
)

VERSION: Final = 1
"""The version of these scores, changed with the way they are computed."""
LEAST_GROUPS: Final = 50
"""Images that an adversary needs for its training."""
_NUM_TRUE: Final[Mapping[Layout, Callable[[int], int]]] = {
    CAPTIONS: lambda _num_captions: 1,
    PARAPHRASES: lambda num_captions: num_captions - 1,
    TEXT_ALONE: lambda num_captions: num_captions - 1,
    TRUE_BEFORE_FALSE: lambda num_captions: num_captions // 2,
}
"""How many of an item's captions are true; the others are false."""


class LogProbability(Protocol):
    """A language model that reads only captions."""

    @property
    def name(self) -> str:
        """Return a name that distinguishes it from other models."""
        ...

    def __call__(self, texts: Sequence[str], /) -> NDArray[np.float64]:
        """Return log p of each text."""
        ...


class _Versus(NamedTuple):
    """True captions with the false ones they are compared with, N pairs of all items."""

    true: list[str]
    false: list[str]
    item_N: NDArray[np.int64]
    group_N: NDArray[np.int64]


def text_only_scores(
    task: Task, *, seed: int = 0, log_probability: LogProbability | None = None
) -> dict[str, float]:
    """Return the text-only scores of a task, none if it has no false captions."""
    versus = _versus(task)
    if versus is None:
        return {}
    longer = [np.sign(len(a) - len(b)) for a, b in zip(versus.true, versus.false, strict=True)]
    scores = {"longer": _score(0.5 + 0.5 * np.array(longer, np.float64), task, versus)}
    texts, true, false = distinct_texts(versus.true, versus.false)
    if len(np.unique(versus.group_N)) >= LEAST_GROUPS:
        folds = folds_of(versus.group_N, seed)
        scores["words"] = _score(
            held_out_wins(word_reader(texts), true, false, folds), task, versus
        )
    if log_probability is not None:
        log_p = log_probability(texts)
        if not np.isfinite(log_p).all():
            raise UsageError(
                f"language model {log_probability.name}: expected finite log probabilities, found "
                "NaN or infinity; use another model"
            )
        wins = 0.5 + 0.5 * np.sign(log_p[true] - log_p[false])
        scores["language model"] = _score(wins, task, versus)
    return scores


def _score(wins: NDArray[np.float64], task: Task, versus: _Versus) -> float:
    """Return the share of items that win every pair, a half if one is even.

    It is weighted like the score of the task.
    """
    asked = np.isin(np.arange(len(task.items)), versus.item_N)
    worst = np.ones(len(task.items))
    np.minimum.at(worst, versus.item_N, wins)
    return float((worst * evened(task.strata, asked))[asked].mean())


def _versus(task: Task) -> _Versus | None:
    if task.layout not in _NUM_TRUE or not task.items:
        return None
    groups = groups_of([item.subject for item in task.items])
    pairs = [
        (true, false, number)
        for number, item in enumerate(task.items)
        for true, false in _pairs(task, item.captions)
    ]
    item_N = np.array([number for _, _, number in pairs], np.int64)
    return _Versus(
        true=[true for true, _, _ in pairs],
        false=[false for _, false, _ in pairs],
        item_N=item_N,
        group_N=groups[item_N],
    )


def _pairs(task: Task, captions: Sequence[str]) -> list[tuple[str, str]]:
    num_true = _NUM_TRUE[task.layout](len(captions))
    return list(product(captions[:num_true], captions[num_true:]))
