"""Cross-fitting: folds of the corpus, so that a caption is scored without itself.

A model that has seen a caption prefers it to its negatives. So counts are kept by fold, and a
caption is scored without its own fold. Folds are assigned by image, because captions of one image
say the same. Images that share a caption, ignoring case and punctuation, form a group with one
fold.

In a large corpus short captions recur for so many images that groups merge: of 100,000 captions of
scenes .58 were one group, and were scored without two thirds of the counts. So if a group would
exceed a tenth of the corpus, the most repeated texts do not join images: each has the fold of its
own hash, and is still never scored with itself.
"""

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from data.records import Caption
from data.texts import normalise
from negatives.fluency.counts import NUM_FOLDS
from negatives.fluency.words import Hashes, hash_of

_NUMBER = re.compile(r"0*(\d{5,})(?:\.\w+)?$")
_MOST_OF_ALL = 1 / (2 * NUM_FOLDS)  # share of the captions in one group,
_SMALL = 1000  # unless it has at most this many
_JOINING = (
    None,
    32,
    16,
    8,
    4,
    2,
)  # number of repeats from which a text joins no images, None for no limit

Indices = NDArray[np.int64]


class Keys(NamedTuple):
    """The images and texts of captions as hashes, in order: N each."""

    images: Hashes
    texts: Hashes


class Folds(NamedTuple):
    """The fold of every counted text, and of the images that moved to another fold.

    `texts` and `images` ascending, with their folds.
    """

    texts: Hashes
    text_folds: NDArray[np.uint8]
    images: Hashes
    image_folds: NDArray[np.uint8]

    def of(self, keys: Keys) -> NDArray[np.uint8]:
        """Return the fold of each caption; an uncounted caption has its image's fold."""
        folds = self.of_images(keys.images)
        _look_up(keys.texts, self.texts, self.text_folds, folds)
        return folds

    def of_images(self, images: Hashes) -> NDArray[np.uint8]:
        """Return the fold of each image."""
        folds = own_folds(images)
        _look_up(images, self.images, self.image_folds, folds)
        return folds


def _look_up(
    wanted: Hashes, known: Hashes, folds_of_known: NDArray[np.uint8], folds: NDArray[np.uint8]
) -> None:
    """Fill in the folds of known keys."""
    if len(known):
        indices = np.minimum(np.searchsorted(known, wanted), len(known) - 1)
        found = known[indices] == wanted
        folds[found] = folds_of_known[indices[found]]


def keys_of(captions: Sequence[Caption]) -> Keys:
    """Return the keys of captions."""
    texts = np.array([hash_of(normalise(caption.text)) for caption in captions], np.uint64)
    return Keys(images_of(captions), texts)


def images_of(captions: Sequence[Caption]) -> Hashes:
    """Return the image of each caption as a hash."""
    return np.array([hash_of(image_key(caption)) for caption in captions], np.uint64)


def image_key(caption: Caption) -> str:
    """Return an identifier of a caption's image: its number, without split, folder and suffix.

    COCO's image 391895 is COCO_val2014_000000391895.jpg in one release and 000000391895.jpg in
    another.
    """
    number = _NUMBER.search(caption.image)
    return number[1] if number else caption.image or caption.id


def own_folds(images: Hashes) -> NDArray[np.uint8]:
    """Return each image's initial fold, given by its hash."""
    return (images % np.uint64(NUM_FOLDS)).astype(np.uint8)


def folds_of(blocks: Iterable[Keys]) -> Folds:
    """Return the folds of a corpus, where images that share texts form groups.

    A group has the fold of its image with the smallest hash; a text that joins no images has the
    fold of its own hash.
    """
    parts = list(blocks)
    images, texts = (np.concatenate([part[index] for part in parts]) for index in (0, 1))
    known_images, first_image, image_of = np.unique(images, return_index=True, return_inverse=True)
    known_texts, first, text_of, repeats = np.unique(
        texts, return_index=True, return_inverse=True, return_counts=True
    )
    joins, leader = _groups(images, image_of, text_of, repeats)
    of_leader = (leader % np.uint64(NUM_FOLDS)).astype(np.uint8)
    text_folds = (known_texts % np.uint64(NUM_FOLDS)).astype(np.uint8)
    text_folds[joins] = of_leader[first[joins]]
    image_folds = of_leader[first_image]
    moved = image_folds != (known_images % np.uint64(NUM_FOLDS)).astype(np.uint8)
    return Folds(known_texts, text_folds, known_images[moved], image_folds[moved])


def leaders(keys: Keys) -> Hashes:
    """Return for each caption the smallest image of its group, if all texts join images."""
    _, image_of = np.unique(keys.images, return_inverse=True)
    _, text_of = np.unique(keys.texts, return_inverse=True)
    return _spread(keys.images, text_of, image_of)


def _groups(
    images: Hashes, image_of: Indices, text_of: Indices, repeats: Indices
) -> tuple[NDArray[np.bool_], Hashes]:
    """Return which texts join images, so that no group is too large, and each caption's leader."""
    most = max(_SMALL, int(_MOST_OF_ALL * len(images)))
    joins = np.ones(len(repeats), bool)
    leader = images
    for end in _JOINING:
        if end is not None:
            joins = repeats < end
        alone = np.flatnonzero(~joins[text_of])
        joining = text_of.copy()
        joining[alone] = len(repeats) + np.arange(len(alone))
        leader = _spread(images, joining, image_of)
        _, sizes = np.unique(leader, return_counts=True)
        if sizes.max(initial=0) <= most:
            break
    return joins, leader


def _spread(images: Hashes, *groupings: Indices) -> Hashes:
    """Return the smallest image joined to each caption, propagating minima until stable."""
    leader = images.copy()
    while True:
        before = leader
        for group in groupings:
            least = np.full(int(group.max(initial=-1)) + 1, np.iinfo(np.uint64).max, np.uint64)
            np.minimum.at(least, group, leader)
            leader = least[group]
        if np.array_equal(leader, before):
            return leader
