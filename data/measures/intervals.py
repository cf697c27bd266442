"""Two-sided 95 % intervals of a mean over clustered values.

The pairs of one image are not independent: they share captions and the image's content. So the
variance is taken over groups of images, not over pairs. With N values x, their mean m, and for each
of G groups g the sum u_g = sum over g of (x - m):

    var(m) = G / (G - 1) * sum_g u_g^2 / N^2

which is the linearised variance of a ratio estimate under sampling of whole groups (Cochran,
"Sampling Techniques", 1977, section 9). A share near 0 or 1 has no symmetric interval: for shares,
Wilson's interval (JASA 22, 1927) is taken at the effective number of pairs m (1 - m) / var(m), at
most N (after Korn and Graubard, Survey Methodology 24, 1998). The variance of an adversary's
training is not included: with a thousand pairs, other folds move a figure by about .01.
"""

import math
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

_Z: Final = 1.959963984540054  # the normal distribution's 97.5 % point


class Interval(NamedTuple):
    """A mean and the ends of its two-sided 95 % interval."""

    value: float
    low: float
    high: float


def share_interval(values: NDArray[np.float64], groups: NDArray[np.int64]) -> Interval:
    """Return the interval of a share: the mean of values from 0 to 1, N, of groups, N.

    Raises:
        ValueError: there are no values.
    """
    share, variance, num_groups = _clustered_mean(values, groups)
    spread = share * (1 - share)
    if num_groups < 2:
        return Interval(share, 0.0, 1.0)
    effective = min(spread / variance, len(values)) if variance > 0 else num_groups
    factor = 1 + _Z**2 / effective
    middle = (share + _Z**2 / (2 * effective)) / factor
    half = _Z / factor * math.sqrt(spread / effective + _Z**2 / (4 * effective**2))
    return Interval(share, max(middle - half, 0.0), min(middle + half, 1.0))


def mean_interval(values: NDArray[np.float64], groups: NDArray[np.int64]) -> Interval:
    """Return the normal interval of the mean of any values, N, of groups, N.

    The interval is unbounded if all values belong to one group.

    Raises:
        ValueError: there are no values.
    """
    mean, variance, num_groups = _clustered_mean(values, groups)
    if num_groups < 2:
        return Interval(mean, -math.inf, math.inf)
    half = _Z * math.sqrt(variance)
    return Interval(mean, mean - half, mean + half)


def _clustered_mean(
    values: NDArray[np.float64], groups: NDArray[np.int64]
) -> tuple[float, float, int]:
    """Return the mean, its variance over groups (0 for one group) and the number of groups."""
    if not len(values):
        raise ValueError("no values, so no mean")
    mean = float(values.mean())
    _, index = np.unique(groups, return_inverse=True)
    sums = np.bincount(index, weights=values - mean)
    num_groups = len(sums)
    if num_groups < 2:
        return mean, 0.0, num_groups
    variance = num_groups / (num_groups - 1) * float((sums**2).sum()) / len(values) ** 2
    return mean, variance, num_groups
