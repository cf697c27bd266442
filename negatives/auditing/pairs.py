"""Pairs of a caption and a negative as the measures read them, and their groups of images."""

from array import array
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from data.records import Caption, Row
from data.streams import Stream
from data.texts import normalise
from negatives.fluency.folds import Keys, image_key, leaders
from negatives.fluency.words import hash_of
from negatives.negation.clauses import RULE, cluster_of, counterpart_of


class Pair(NamedTuple):
    """A caption and one of its negatives; `group` numbers the images that share captions.

    If a negative adds a clause ("and there is no cat"), `caption` is the caption with a true clause
    of that form, where the row has one, and `group` numbers the images among which it was drawn.
    """

    caption: str
    text: str
    type: str
    subtype: str
    group: int

    @property
    def kind(self) -> str:
        """Return type and subtype as one name."""
        return f"{self.type}/{self.subtype}"


def pairs_of(rows: Sequence[Row]) -> list[Pair]:
    """Return the pairs of rows, in order."""
    return [
        Pair(
            counterpart_of(row, negative),
            negative.text,
            negative.type,
            negative.subtype,
            group_of_clauses(row) if negative.rule == RULE else group,
        )
        for row, group in zip(rows, groups_of(rows), strict=True)
        for negative in row.negatives
    ]


def group_of_clauses(row: Row) -> int:
    """Return the group of a row's clauses, a number below those of images' groups."""
    return -1 - cluster_of(image_key(Caption(row.id, row.image, row.caption)))


class Groups:
    """A number for each row: equal for rows of one image, and of images that share a caption.

    Captions are compared without case, punctuation and spacing. A composite belongs to both of its
    images, and joins them. Keeps 16 bytes a row, twice as many for a composite.
    """

    def __init__(self) -> None:
        """Start with no row."""
        self._images: array[int] = array("Q")
        self._texts: array[int] = array("Q")
        self._second_images: array[int] = array("Q")
        self._their_texts: array[int] = array("Q")

    def add(self, row: Row) -> None:
        """Add a row."""
        images = row.images or ("",)
        hashes = [hash_of(image_key(Caption(row.id, image, row.caption))) for image in images]
        text = hash_of(normalise(row.caption))
        self._images.append(hashes[0])
        self._texts.append(text)
        self._second_images.extend(hashes[1:])
        self._their_texts.extend([text] * len(hashes[1:]))

    def numbers(self) -> NDArray[np.int64]:
        """Return the numbers of all rows: 0, 1, ... in the order in which groups first occur."""
        keys = Keys(
            np.array(self._images + self._second_images), np.array(self._texts + self._their_texts)
        )
        leader = leaders(keys)[: len(self._images)]
        _, first, group = np.unique(leader, return_index=True, return_inverse=True)
        numbers: NDArray[np.int64] = np.argsort(np.argsort(first))[group]
        return numbers


def groups_of(rows: Iterable[Row]) -> list[int]:
    """Return the numbers that `Groups` gives to these rows."""
    groups = Groups()
    for row in rows:
        groups.add(row)
    found: list[int] = groups.numbers().tolist()
    return found


def sample_pairs(pairs: Sequence[Pair], num_pairs: int, *, seed: int, key: str) -> list[Pair]:
    """Return a sample of at most `num_pairs` pairs, in their own order."""
    if len(pairs) <= num_pairs:
        return list(pairs)
    indices = Stream(seed, "audit", key).shuffled(range(len(pairs)))
    return [pairs[index] for index in sorted(indices[:num_pairs])]
