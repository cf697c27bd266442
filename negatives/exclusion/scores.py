"""How strongly two words exclude each other, from sibling captions, with an interval. Pure.

One observation, the number of images in which the words occur *apart* (one in one caption, the
other in another, both in none), is compared with two expectations:

* *Chance*: what independent words would show. A ratio of 1 is neutral; far below 1, writers choose
  between the two. It has no power if a word is rare: two words with ten images each are expected to
  meet in 0.01 images.
* *Exposure*: what a word that is as true of the other's images as of its own would show. A writer
  who could use either repeats a colleague's word with that word's probability of repetition;
  `exposure` counts the images in which this would have set the two apart. The *overlap* apart /
  exposure estimates how often both may be used of one image, given that one was: the probability
  that a replacement is still true. It has power once a word occurs in a few images, because
  absence is evidence.

Both are symmetric. Overlap uses the smaller exposure of the two directions: a poodle is a dog,
though few dogs are poodles.

For `count` Poisson with mean `ratio * expected` and a gamma prior, the posterior of the ratio is a
gamma distribution, whose quantiles need no sampling.
"""

from typing import NamedTuple

import numpy as np
import scipy.special
from numpy.typing import NDArray

Floats = NDArray[np.float64]

PRIOR_CHANCES = 20.0  # weight of a place's usual share of repetition, in chances to repeat
USUAL_REPETITION = 0.2


class Word(NamedTuple):
    """Counts of words in a place (see counting.py), one value per word."""

    images: Floats
    captions: Floats
    chances: Floats
    repeats: Floats

    def repetition(self) -> Floats:
        """Return the probability that another caption of the image repeats the word."""
        found: Floats = (self.repeats + PRIOR_CHANCES * USUAL_REPETITION) / (
            self.chances + PRIOR_CHANCES
        )
        return found

    def others(self) -> Floats:
        """Return how many captions of an image with the word omit it, on average."""
        captions = 1.0 + self.chances / np.maximum(1.0, self.captions)
        return np.maximum(0.0, captions - self.captions / np.maximum(1.0, self.images))


class Prior(NamedTuple):
    """A gamma distribution of a ratio: its mean, and its weight in expected sightings."""

    mean: float | Floats
    weight: float


class Posterior(NamedTuple):
    """A gamma distribution: `shape` and `rate`, one value per pair."""

    shape: Floats
    rate: Floats

    def mean(self) -> Floats:
        """Return the mean of each ratio."""
        return self.shape / self.rate

    def quantile(self, share: float) -> Floats:
        """Return each ratio's quantile at this probability."""
        found: Floats = scipy.special.gammaincinv(self.shape, share) / self.rate
        return found

    def below(self, bound: float) -> Floats:
        """Return the probability that each ratio is below a bound."""
        found: Floats = scipy.special.gammainc(self.shape, bound * self.rate)
        return found


def posterior(count: Floats, expected: Floats, prior: Prior) -> Posterior:
    """Return the posterior of ratios after `count` sightings, where `expected` sightings give 1."""
    return Posterior(prior.mean * prior.weight + count, prior.weight + expected)


def chance_of(here: Word, there: Word, total: Floats) -> Floats:
    """Return in how many of `total` images independent words would occur apart.

    They meet in n m / total images; no caption has both if every caption with the one is among
    those without the other.
    """
    meet = here.images * there.images / total
    return meet * (_missed(here, there) + _missed(there, here)) / 2


def _missed(here: Word, there: Word) -> Floats:
    times_here = here.captions / np.maximum(1.0, here.images)
    share = times_here / np.maximum(1.0, times_here + here.others())
    times = there.captions / np.maximum(1.0, there.images)
    found: Floats = (1.0 - share) ** times
    return found


def exposure_of(said: Word, other: Word) -> Floats:
    """Return in how many images of one word another would occur, if as true as in its own."""
    found: Floats = said.images * (1.0 - (1.0 - other.repetition()) ** said.others())
    return found
