"""Classes of words that exclude each other and fill the same places: learned from a corpus.

A class is a clique: every two of its members exclude each other and are alike. Words belong to one
class at most, so the alternatives of a word are those of each of its alternatives: the draw stays
exchangeable without a correction (a symmetric relation that is no partition would need one).
"""

import numpy as np
import scipy.cluster.hierarchy
from numpy.typing import NDArray

Matrix = NDArray[np.float64]
Flags = NDArray[np.bool_]

_NEVER = 9.0  # a distance beyond all likeness


def learned_classes(likeness: Matrix, excludes: Flags, *, least: float) -> list[list[int]]:
    """Return cliques of at least two words, by complete linkage: the most alike join first.

    `likeness` V x V symmetric in [-1, 1]; `excludes` V x V symmetric; `least`: the likeness that
    every two members have.
    """
    distance = np.where(excludes, 1.0 - likeness, _NEVER)
    rows, columns = np.triu_indices(len(likeness), 1)
    tree = scipy.cluster.hierarchy.linkage(distance[rows, columns], "complete")
    labels = scipy.cluster.hierarchy.fcluster(tree, 1.0 - least, "distance")
    found: dict[int, list[int]] = {}
    for word, label in enumerate(labels.tolist()):
        found.setdefault(label, []).append(word)
    return [members for members in found.values() if len(members) > 1]


def joined(
    likeness: Matrix, excludes: Flags, classes: list[list[int]], words: list[int], *, least: float
) -> dict[int, int]:
    """Return which class each word may join: that whose members it excludes and is like, all.

    The most alike first; a word that joined is a member for those that come after.
    """
    members = [list(each) for each in classes]
    offers = sorted(
        (
            (-float(likeness[word, each].mean()), word, number)
            for word in words
            for number, each in enumerate(members)
            if each and excludes[word, each].all() and float(likeness[word, each].mean()) >= least
        )
    )
    found: dict[int, int] = {}
    for _, word, number in offers:
        if word not in found and excludes[word, members[number]].all():
            found[word] = number
            members[number].append(word)
    return found
