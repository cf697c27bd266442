"""The medoid reader: it takes the text of a row that is most like the others for the caption.

Negatives are one edit away from their caption and mostly two from one another, so a reader who sees
a whole row finds the caption by counting. An encoder that reads each text by itself cannot, but a
question with 1 + K answers would give its answer away.
"""

import re
from collections.abc import Sequence
from itertools import combinations
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from data.records import Row

_TOKEN = re.compile(r"\w+|[^\w\s]")


class MedoidReader(NamedTuple):
    """The reader on R rows: whether it is right (shared in a tie), and the chance of that."""

    right: NDArray[np.float64]
    chance: NDArray[np.float64]


def run_medoid_reader(rows: Sequence[Row]) -> tuple[list[Row], MedoidReader]:
    """Return the rows with two or more negatives, and the reader's results on them."""
    asked: list[Row] = []
    right: list[float] = []
    chance: list[float] = []
    for row in rows:
        texts = [negative.text for negative in row.negatives]
        if len(texts) > 1:
            asked.append(row)
            right.append(share_of_first((row.caption, *texts)))
            chance.append(1 / (1 + len(texts)))
    return asked, MedoidReader(np.array(right, np.float64), np.array(chance, np.float64))


def share_of_first(texts: Sequence[str]) -> float:
    """Return 1 if the first text has the least total distance to the others, 1/n if n tie."""
    tokens = [_TOKEN.findall(text.lower()) for text in texts]
    totals = [0] * len(texts)
    for one, other in combinations(range(len(texts)), 2):
        apart = distance(tokens[one], tokens[other])
        totals[one] += apart
        totals[other] += apart
    least = min(totals)
    return (totals[0] == least) / totals.count(least)


def distance(left: Sequence[str], right: Sequence[str]) -> int:
    """Return how many tokens must be inserted, deleted or replaced (Levenshtein)."""
    while left and right and left[0] == right[0]:
        left, right = left[1:], right[1:]
    while left and right and left[-1] == right[-1]:
        left, right = left[:-1], right[:-1]
    above = list(range(len(right) + 1))
    for row, token in enumerate(left, start=1):
        here = [row]
        for column, other in enumerate(right, start=1):
            substituted = above[column - 1] + (token != other)
            here.append(min(above[column] + 1, here[-1] + 1, substituted))
        above = here
    return above[-1]
