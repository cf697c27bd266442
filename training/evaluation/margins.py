"""How far true and false are apart, how sure a model is of its choice, what becomes of paraphrases.

Margin: the score of what is true less that of what is false, cosines; of an item the smallest one,
so that an item is right if its margin is above 0. Items count alike, also where the task's score is
a mean of means.

Calibration: a choice is among captions of an image, or images of a caption, of which one is true.
The softmax of their scores, at the model's own temperature, gives the highest a probability c.
With N choices in B bins of equal mass by c (Nguyen and O'Connor 2015, arXiv 1508.05154),

    ECE = sum_b n_b / N * |acc_b - conf_b|

where acc_b is the share of right choices in a bin and conf_b the mean of c (Guo et al. 2017, arXiv
1706.04599, whose bins are of equal width). Bins of few choices make the error larger than it is.

Hard positives (Kamath et al. 2024, arXiv 2409.17958, section 4.1): an item has a caption c, other
captions p that are true too, and a false one n. It is brittle if n scores between c and a p. Ties
count as half, everywhere.

Shape suffixes: N items, Q comparisons, C choices.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from training.evaluation.comparisons import Compared
from training.evaluation.tasks import PARAPHRASES, TEXT_ALONE, Layout

Floats = NDArray[np.float64]

LEVELS: Final = (0.05, 0.25, 0.5, 0.75, 0.95)
"""Of the quantiles of margins."""
_MOST_BINS: Final = 15
_LEAST_IN_BIN: Final = 10


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
    """What the scores of a task say beside which of two is higher.

    Attributes:
        mean: of the items' margins.
        quantiles: of the same, at LEVELS.
        calibration_error: ECE, from 0 to 1; None where texts alone are compared, for which no
            temperature was trained.
        overconfidence: the mean of c less the share of right choices; None as above.
        hard_positives: None where no item has several true captions.
    """

    mean: float
    quantiles: tuple[float, ...]
    calibration_error: float | None = None
    overconfidence: float | None = None
    hard_positives: HardPositives | None = None


def margins_of(layout: Layout, compared: Compared, *, scale: float) -> Margins | None:
    """Return the margins of comparisons, None if there are none.

    `scale`: what scores are multiplied by before the softmax.
    """
    if not len(compared.item_Q):
        return None
    margin_N = compared.margins(int(compared.item_Q.max()) + 1)
    margin_N = margin_N[np.isfinite(margin_N)]
    error, over = None, None
    if layout != TEXT_ALONE:
        confidence_C, right_C = _choices(compared, scale)
        error = calibration_error(confidence_C, right_C)
        over = float(confidence_C.mean() - right_C.mean())
    return Margins(
        mean=float(margin_N.mean()),
        quantiles=tuple(np.quantile(margin_N, LEVELS).tolist()),
        calibration_error=error,
        overconfidence=over,
        hard_positives=_hard_positives(compared) if layout == PARAPHRASES else None,
    )


def calibration_error(confidence_C: Floats, right_C: Floats) -> float:
    """Return the expected calibration error; 15 bins, fewer where they would have under 10.

    Choices of equal confidence count alike, so that their order changes nothing.
    """
    num_bins = min(_MOST_BINS, max(1, len(confidence_C) // _LEAST_IN_BIN))
    level, num = np.unique(confidence_C, return_inverse=True, return_counts=True)[1:]
    gap_C = np.sort(confidence_C) - np.repeat(np.bincount(level, right_C) / num, num)
    gaps = (abs(float(part.sum())) for part in np.array_split(gap_C, num_bins))
    return sum(gaps) / len(confidence_C)


def _choices(compared: Compared, scale: float) -> tuple[Floats, Floats]:
    """Return the probability of what each choice falls on, and 1 if it is right, 0 if not."""
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
