"""Margins between true and false, calibration, and what becomes of paraphrases.

Margin: the score of what is true minus that of what is false, in cosines; an item's margin is its
smallest one, so the item is right if it is above 0. All items have equal weight, even where the
task's score is a mean of means.

Calibration: a model chooses among the captions of an image, or the images of a caption, of which
one is true. The softmax of their scores, at the model's own temperature, gives the highest a
probability c. With N choices in B bins of equal mass by c (Nguyen and O'Connor 2015,
arXiv 1508.05154),

    ECE = sum_b n_b / N * |acc_b - conf_b|

where acc_b is the share of right choices in a bin and conf_b the mean of c (Guo et al. 2017, arXiv
1706.04599, whose bins have equal width). Small bins make the error larger than it is. Its interval
is bootstrapped over images, with the bins held fixed: the normal interval with the deviation of 200
samples. More than 400 images are first put into 400 groups at random, and groups are drawn, which
has the same deviation and costs less.

Hard positives (Kamath et al. 2024, arXiv 2409.17958, section 4.1): an item has a caption c, other
true captions p, and a false one n. It is brittle if n scores between c and a p. Ties count as half
everywhere.

Shape suffixes: N items, Q comparisons, C choices, B bins, G groups of images, S samples.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from data.streams import Stream
from training.evaluation.comparisons import Compared
from training.evaluation.ranking import bootstrapped
from training.evaluation.tasks import PARAPHRASES, TEXT_ALONE, Layout

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

LEVELS: Final = (0.05, 0.25, 0.5, 0.75, 0.95)
"""Of the quantiles of margins."""
_MOST_BINS: Final = 15
_LEAST_IN_BIN: Final = 10
_MOST_GROUPS: Final = 400


@dataclass(frozen=True, kw_only=True, slots=True)
class HardPositives:
    """Shares of items, or of their further true captions.

    Attributes:
        accepted: items whose own caption scores above the false one.
        rejected: further true captions that score below the false one.
        brittle: items whose false caption scores between two true ones.
    """

    accepted: float
    rejected: float
    brittle: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Margins:
    """What the scores of a task say besides which of two is higher.

    Attributes:
        mean: of the items' margins.
        quantiles: of the same, at LEVELS.
        calibration_error: ECE, from 0 to 1; None where only texts are compared, for which no
            temperature was trained.
        calibration_interval: its 95 % interval over images; None as above, in older files, and
            where all items are of one image.
        overconfidence: the mean of c minus the share of right choices; None as above.
        hard_positives: None where no item has several true captions.
    """

    mean: float
    quantiles: tuple[float, ...]
    calibration_error: float | None = None
    calibration_interval: tuple[float, float] | None = None
    overconfidence: float | None = None
    hard_positives: HardPositives | None = None


def margins_of(
    layout: Layout, compared: Compared, *, scale: float, groups_N: Integers
) -> Margins | None:
    """Return the margins of comparisons, None if there are none.

    `scale`: what scores are multiplied by before the softmax. `groups_N`: equal for items of one
    image.
    """
    if not len(compared.item_Q):
        return None
    margin_N = compared.margins(int(compared.item_Q.max()) + 1)
    margin_N = margin_N[np.isfinite(margin_N)]
    error, ends, over = None, None, None
    if layout != TEXT_ALONE:
        confidence_C, right_C = _choices(compared, scale)
        item_C = np.zeros(len(right_C), np.int64)
        item_C[compared.choice_Q] = compared.item_Q
        error = calibration_error(confidence_C, right_C)
        ends = calibration_interval(confidence_C, right_C, groups_N[item_C])
        over = float(confidence_C.mean() - right_C.mean())
    return Margins(
        mean=float(margin_N.mean()),
        quantiles=tuple(np.quantile(margin_N, LEVELS).tolist()),
        calibration_error=error,
        calibration_interval=ends,
        overconfidence=over,
        hard_positives=_hard_positives(compared) if layout == PARAPHRASES else None,
    )


def calibration_error(confidence_C: Floats, right_C: Floats) -> float:
    """Return the expected calibration error; 15 bins, fewer where they would have under 10."""
    gap_B = (confidence_C - right_C) @ _shares_of_bins(confidence_C)
    return float(np.abs(gap_B).sum()) / len(confidence_C)


def calibration_interval(
    confidence_C: Floats, right_C: Floats, groups_C: Integers
) -> tuple[float, float] | None:
    """Return the ends of the error's 95 % interval, None if all choices are of one group."""
    names, number_C = np.unique(groups_C, return_inverse=True)
    num_groups = min(len(names), _MOST_GROUPS)
    if num_groups < 2:
        return None
    order = np.array(Stream("calibration", "groups").shuffled(range(len(names))), np.int64)
    group_C = order[number_C] % num_groups
    gap_CB = (confidence_C - right_C)[:, None] * _shares_of_bins(confidence_C)
    gap_GB = np.stack([np.bincount(group_C, gap_C, minlength=num_groups) for gap_C in gap_CB.T], 1)
    size_G = np.bincount(group_C, minlength=num_groups)

    def error(weight_G: Floats) -> float:
        return float(np.abs(weight_G @ gap_GB).sum() / (weight_G @ size_G))

    found = bootstrapped(error, num_groups)
    return max(0.0, found.low), min(1.0, found.high)


def _shares_of_bins(confidence_C: Floats) -> Floats:
    """Return the share of each choice that belongs to each bin, CB.

    Choices of equal confidence have equal shares, so that their order changes nothing.
    """
    num = len(confidence_C)
    num_bins = min(_MOST_BINS, max(1, num // _LEAST_IN_BIN))
    level_C, num_L = np.unique(confidence_C, return_inverse=True, return_counts=True)[1:]
    ends_B = np.cumsum([len(part) for part in np.array_split(np.arange(num), num_bins)])
    ends_L = np.cumsum(num_L)
    low_LB = np.maximum((ends_L - num_L)[:, None], np.concatenate([[0], ends_B[:-1]]))
    high_LB = np.minimum(ends_L[:, None], ends_B)
    share_LB: Floats = np.maximum(high_LB - low_LB, 0) / num_L[:, None]
    return share_LB[level_C]


def _choices(compared: Compared, scale: float) -> tuple[Floats, Floats]:
    """Return the probability of what is chosen each time, and 1 if that is right, 0 if not."""
    logit_Q = -scale * compared.ahead_Q.astype(np.float64)  # of the others, the true one's being 0
    num = int(compared.choice_Q.max()) + 1
    best_C = np.full(num, -np.inf)
    np.maximum.at(best_C, compared.choice_Q, logit_Q)
    top_C = np.maximum(best_C, 0)
    shares = np.exp(logit_Q - top_C[compared.choice_Q])
    total_C = np.exp(-top_C) + np.bincount(compared.choice_Q, shares, minlength=num)
    return 1 / total_C, 0.5 - 0.5 * np.sign(best_C)


def _hard_positives(compared: Compared) -> HardPositives | None:
    """Return what becomes of captions and further true ones; the first of an item is its own."""
    credit_Q = 0.5 + 0.5 * np.sign(compared.ahead_Q)
    starts = np.flatnonzero(np.diff(compared.item_Q, prepend=-1))
    further = np.ones(len(credit_Q), np.bool_)
    further[starts] = False
    if not further.any():
        return None
    spread_N = np.maximum.reduceat(credit_Q, starts) - np.minimum.reduceat(credit_Q, starts)
    return HardPositives(
        accepted=float(credit_Q[starts].mean()),
        rejected=float(1 - credit_Q[further].mean()),
        brittle=float(spread_N.mean()),
    )
