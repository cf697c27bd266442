"""How far two words exclude each other, from the counts of siblings, with an interval. Pure.

Two questions, two nulls, one observation: the number of images in which the words stand *apart*
(one in one caption, the other in another, no caption having both).

* Over *chance*: what words that know nothing of each other would show. 1 says nothing either way,
  far below 1 that writers choose between the two. It has no power where either word is rare: two
  words of ten images each are expected to meet in 0.01 of them.
* Over *exposure*: what a word as true of the other's images as of its own would show. A writer
  who could say either repeats what a colleague said with the word's own probability of repetition;
  `exposure` counts the images in which that would have set the two apart. The *overlap* apart /
  exposure estimates how often both may be said of one image, given that the one was: the
  probability that a replacement is still true. It has power as soon as a word was said of a few
  images, for absence is evidence.

Both are symmetric. Overlap takes the smaller exposure of the two directions: a poodle is a dog,
though few dogs are poodles.

The posterior of a ratio with `count` Poisson of mean `ratio * expected` and a gamma prior is a
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
    """Counts of words in a place (see counting.py), one value a word."""

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
        """Return how many captions of an image that has the word do not say it, on average."""
        captions = 1.0 + self.chances / np.maximum(1.0, self.captions)
        return np.maximum(0.0, captions - self.captions / np.maximum(1.0, self.images))


class Prior(NamedTuple):
    """A gamma distribution of a ratio: its mean, and its weight in expected sightings."""

    mean: float | Floats
    weight: float


class Posterior(NamedTuple):
    """A gamma distribution: `shape` and `rate`, one value a pair."""

    shape: Floats
    rate: Floats

    def mean(self) -> Floats:
        """Return the mean of each ratio."""
        return self.shape / self.rate

    def quantile(self, share: float) -> Floats:
        """Return the value below which each ratio lies with this probability."""
        found: Floats = scipy.special.gammaincinv(self.shape, share) / self.rate
        return found

    def below(self, bound: float) -> Floats:
        """Return the probability that each ratio is below a bound."""
        found: Floats = scipy.special.gammainc(self.shape, bound * self.rate)
        return found


def posterior(count: Floats, expected: Floats, prior: Prior) -> Posterior:
    """Return what is known of ratios after `count` sightings where `expected` make 1."""
    return Posterior(prior.mean * prior.weight + count, prior.weight + expected)


def chance_of(here: Word, there: Word, total: Floats) -> Floats:
    """Return in how many of `total` images independent words would stand apart.

    They meet in n m / total images; no caption has both where every caption that says the one is
    among those that do not say the other.
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
    """Return in how many images of one word another would be said, if as true as of its own."""
    found: Floats = said.images * (1.0 - (1.0 - other.repetition()) ** said.others())
    return found
