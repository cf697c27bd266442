"""Features -> outcomes: each item right, wrong or tied. Scores are float32, as features are.

A tie counts as half, regardless of order.

Shape suffixes: N items or queries, I images, T captions, C classes, D embedding.
"""

from collections.abc import Iterable, Iterator
from math import comb
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from data.measures.intervals import Interval
from training.evaluation.comparisons import comparisons_of
from training.evaluation.encodings import Encodings
from training.evaluation.margins import Margins, margins_of
from training.evaluation.ranking import bootstrapped, log_shares, mean_average_precision, roc_auc
from training.evaluation.strata import evened
from training.evaluation.tasks import Classification, Retrieval, Task

Floats = NDArray[np.float32]
Integers = NDArray[np.int64]

CUTS: Final = (1, 5, 10)
_ROWS_AT_ONCE: Final = 1024


class Outcomes(NamedTuple):
    """The outcomes of a task's items.

    Attributes:
        measure: what is measured, such as "R@1".
        credits_N: 1 for right, 0 for wrong, a half for a tie; NaN if an image is missing.
        weights_N: of the items in the mean.
        groups_N: equal for items of one image, which are not independent.
        chance: the score of guessing, 0 where that is undefined.
        whole: the score, where it is not a mean over items; credits are then 0, or NaN as above.
        margins: how far apart true and false are; only of comparisons.
    """

    measure: str
    credits_N: NDArray[np.float64]
    weights_N: NDArray[np.float64]
    groups_N: Integers
    chance: float
    whole: Interval | None = None
    margins: Margins | None = None


def compared(task: Task, encodings: Encodings) -> Outcomes:
    """Return the outcomes of comparisons; an item ties if it loses none and one is even."""
    credits_N = np.full(len(task.items), np.nan)
    found = comparisons_of(task, encodings)
    margin_N = found.margins(len(task.items))
    present = np.isfinite(margin_N)
    credits_N[present] = 0.5 + 0.5 * np.sign(margin_N[present])
    shapes = [(len(item.images), len(item.captions)) for item in task.items]
    chances = [task.layout.chance(*shape) for shape in shapes]
    groups_N = groups_of([item.subject for item in task.items])
    return Outcomes(
        measure="mean of means" if task.strata else "accuracy",
        credits_N=credits_N,
        weights_N=evened(task.strata, np.isfinite(credits_N)),
        groups_N=groups_N,
        chance=float(np.mean(chances)) if chances else 0.0,
        margins=margins_of(task.layout, found, scale=encodings.scale, groups_N=groups_N),
    )


def retrieved(task: Retrieval, encodings: Encodings) -> Iterator[Outcomes]:
    """Yield R@1, R@5 and R@10 of images as queries (I2T), then of captions (T2I).

    An image is right if any of its captions is among the first. Missing images and their captions
    are left out.
    """
    found = encodings.rows(task.images)
    owner_T = np.array(task.owner, np.int64)
    kept_I, kept_T = np.flatnonzero(found >= 0), np.flatnonzero(found[owner_T] >= 0)
    image_ID = encodings.image_ID[found[kept_I]]
    text_TD = encodings.text_TD[[encodings.texts[task.captions[c]] for c in kept_T.tolist()]]
    own_T = np.searchsorted(kept_I, owner_T[kept_T])
    to_text, to_image = _beaten(image_ID, text_TD, own_T)
    groups_I = groups_of([image.key for image in task.images])
    right_I, right_T = np.bincount(own_T, minlength=len(kept_I)), np.ones(len(kept_T), np.int64)
    sides = (
        ("I2T", to_text, kept_I, groups_I, right_I),
        ("T2I", to_image, kept_T, groups_I[owner_T], right_T),
    )
    for side, (above, level), kept, groups_N, right_N in sides:
        num_offered = len(kept_T) if side == "I2T" else len(kept_I)
        for cut in CUTS:
            credits_N = np.full(len(groups_N), np.nan)
            credits_N[kept] = 0.5 * (above < cut) + 0.5 * (above + level < cut)
            yield Outcomes(
                measure=f"{side} R@{cut}",
                credits_N=credits_N,
                weights_N=np.ones(len(groups_N)),
                groups_N=groups_N,
                chance=_chance(right_N, num_offered, cut),
            )


def _chance(right_N: Integers, num_offered: int, cut: int) -> float:
    """Return the chance that any right answer is among the first `cut` in a random order."""
    kinds, times = np.unique(right_N, return_counts=True)
    every = comb(num_offered, cut)
    missed = [comb(num_offered - kind, cut) / every if every else 0.0 for kind in kinds.tolist()]
    return 1 - float(np.average(missed, weights=times)) if missed else 0.0


def _beaten(
    image_ID: Floats, text_TD: Floats, own_T: Integers
) -> tuple[tuple[Integers, Integers], tuple[Integers, Integers]]:
    """Return for images and for captions how many others score above their own, and equal to it.

    An image's own caption is the best of its captions.
    """
    best_I = np.full(len(image_ID), -np.inf, np.float32)
    for part in _parts(len(text_TD)):
        own = own_T[part]
        np.maximum.at(best_I, own, (text_TD[part] @ image_ID.T)[np.arange(len(own)), own])
    above_I, level_I = np.zeros((2, len(image_ID)), np.int64)
    above_T, level_T = np.zeros((2, len(text_TD)), np.int64)
    for part in _parts(len(text_TD)):
        own = own_T[part]
        score_TI = text_TD[part] @ image_ID.T
        own_score = score_TI[np.arange(len(own)), own][:, None]
        above_T[part] = (score_TI > own_score).sum(1)
        level_T[part] = (score_TI == own_score).sum(1) - 1
        score_TI[np.arange(len(own)), own] = -np.inf
        above_I += (score_TI > best_I).sum(0)
        level_I += (score_TI == best_I).sum(0)
    return (above_I, level_I), (above_T, level_T)


def _parts(num_rows: int) -> Iterator[slice]:
    """Yield parts of about a thousand rows, all of nearly equal size.

    Products with few rows are rounded differently, and equal captions would score differently.
    """
    num_parts = max(1, round(num_rows / _ROWS_AT_ONCE))
    bounds = [num_rows * number // num_parts for number in range(num_parts + 1)]
    yield from map(slice, bounds, bounds[1:])


def groups_of(names: Iterable[str]) -> Integers:
    """Return a number for each name: 0, 1, ... in the order in which names first occur."""
    numbers: dict[str, int] = {}
    return np.array([numbers.setdefault(name, len(numbers)) for name in names], np.int64)


def classified(task: Classification, encodings: Encodings) -> Outcomes:
    """Return the outcomes of a classification, by its measure."""
    found = encodings.rows(task.images)
    kept = np.flatnonzero(found >= 0)
    score_NC = encodings.image_ID[found[kept]] @ class_features(task, encodings).T
    if task.measure in ("ROC AUC", "11-point mAP"):
        return _ranked(task, score_NC, kept)
    return _labelled(task, score_NC, kept)


def _labelled(task: Classification, score_NC: Floats, kept: Integers) -> Outcomes:
    """Return the outcomes of accuracy, or of its mean over classes."""
    labels_N = np.array([labels[0] for labels in task.labels], np.int64)
    credits_N = np.full(len(task.images), np.nan)
    own = score_NC[np.arange(len(kept)), labels_N[kept]]
    score_NC[np.arange(len(kept)), labels_N[kept]] = -np.inf
    best = score_NC.max(1, initial=-np.inf)
    credits_N[kept] = 0.5 * (own > best) + 0.5 * (own >= best)
    strata = list(map(str, labels_N.tolist())) if task.measure == "mean per class" else []
    return Outcomes(
        measure=task.measure,
        credits_N=credits_N,
        weights_N=evened(strata, np.isfinite(credits_N)),
        groups_N=np.arange(len(credits_N)),
        chance=1 / len(task.classes),
    )


def _ranked(task: Classification, score_NC: Floats, kept: Integers) -> Outcomes:
    """Return the outcomes of a measure that ranks all images; chance is that of equal scores."""
    share_NC = log_shares(score_NC)
    positive_NC = np.zeros(share_NC.shape, np.bool_)
    for row, number in enumerate(kept.tolist()):
        positive_NC[row, list(task.labels[number])] = True
    if task.measure == "ROC AUC":
        score, chance = roc_auc(share_NC[:, 1], positive_NC[:, 1]), 0.5
    else:
        score = mean_average_precision(share_NC, positive_NC)
        even = mean_average_precision(np.zeros_like(share_NC), positive_NC)
        chance = float(np.nan_to_num(even(np.ones(len(kept)))))
    credits_N = np.full(len(task.images), np.nan)
    credits_N[kept] = 0.0
    return Outcomes(
        measure=task.measure,
        credits_N=credits_N,
        weights_N=np.ones(len(credits_N)),
        groups_N=np.arange(len(credits_N)),
        chance=chance,
        whole=bootstrapped(score, len(kept)),
    )


def class_features(task: Classification, encodings: Encodings) -> Floats:
    """Return the features of classes, C x D: the normalised mean over names and templates."""
    rows = [
        encodings.text_TD[[encodings.texts[prompt] for prompt in prompts]].mean(0)
        for prompts in prompts_of(task)
    ]
    class_CD = np.stack(rows)
    normalised: Floats = class_CD / np.linalg.norm(class_CD, axis=1, keepdims=True)
    return normalised


def prompts_of(task: Classification) -> list[list[str]]:
    """Return the texts of each class."""
    return [
        [template.replace("{}", name) for name in names for template in task.templates]
        for names in task.classes
    ]
