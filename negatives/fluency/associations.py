"""Associations of the words of a pair, and of the words of one caption.

Associations are log ratios of a smoothed share to that expected by chance: 0 is neutral. Those by
class (Resnik, 1996) help with swaps, whose words were rarely seen together.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from negatives.fluency.candidates import Block, Ints
from negatives.fluency.counting import (
    ALL_BESIDE,
    BESIDE,
    CLASS_PAIR,
    DEPENDANT,
    DEPENDANT_CLASS,
    HEAD,
    HEAD_CLASS,
    PAIR,
    PAIR_CLASS,
    PRESENT,
    RELATION,
)
from negatives.fluency.counts import Folds
from negatives.fluency.lookups import CountLookup, Floats
from negatives.fluency.words import Hashes

Columns = dict[str, Floats]
"""Features of all candidates, by name."""

RARE = 0.5  # a count for unseen events
VOCABULARY = 20_000.0
_PAIR_PRIOR = 10.0
_BESIDE_PRIOR = 20.0
_TELLING = 0.25  # sightings


class _Rows(NamedTuple):
    """Combinations of rows with their slots' candidates; `fold` is the candidate's fold."""

    row: Ints
    candidate: Ints
    fold: Folds


def add_spans(columns: Columns, block: Block, folds: Folds, source: CountLookup) -> None:
    """Add the pairs of slots that change one phrase: one word of a pair stays, the other differs.

    `folds`: of the candidates.
    """
    firsts, sizes, names, other, other_is_head = _columns(block.spans, 5)
    rows = _combine(firsts, sizes, folds)
    hashes = source.words.hashes()
    relation, is_head, fold_of_row = hashes[names], other_is_head.astype(bool), folds[firsts]
    of_other = source.count(_of_either(relation, hashes[other], is_head), fold_of_row)[rows.row]
    of_all = source.count(RELATION.keys(relation), fold_of_row)[rows.row]

    relation, is_head = relation[rows.row], is_head[rows.row]
    changed = np.array(block.heads, np.int64)[rows.candidate]
    fixed, new = hashes[other[rows.row]], hashes[changed]
    of_changed = source.count(_of_either(relation, new, ~is_head), rows.fold)
    pair = PAIR.keys(relation, np.where(is_head, fixed, new), np.where(is_head, new, fixed))
    together = source.count(pair, rows.fold)
    strength = _association(together, of_other, of_changed, of_all, _PAIR_PRIOR)
    in_role = _share_of_uses(of_changed, source.of_words(changed, rows.fold))
    num = len(folds)
    for name, values, where in (
        ("governor", strength, is_head),
        ("dependant", strength, ~is_head),
        ("as dependant", in_role, is_head),
        ("as head", in_role, ~is_head),
        ("unseen pairs", together == 0, slice(None)),
    ):
        columns[name] += np.bincount(rows.candidate[where], values[where], num)
    columns["asked"] += np.bincount(rows.candidate, minlength=num)


def add_pairs(columns: Columns, block: Block, folds: Folds, source: CountLookup) -> None:
    """Add the pairs of slots that change several phrases, which are given for each candidate."""
    candidate, names, head_ids, dependant_ids = _columns(block.pairs, 4)
    hashes, classes = source.words.hashes(), source.words.class_hashes()
    fold, relation = folds[candidate], hashes[names]
    head, dependant = hashes[head_ids], hashes[dependant_ids]
    head_class, dependant_class = classes[head_ids], classes[dependant_ids]

    def count(keys: Hashes) -> Floats:
        return source.count(keys, fold)

    together = count(PAIR.keys(relation, head, dependant))
    of_head = count(HEAD.keys(relation, head))
    of_dependant = count(DEPENDANT.keys(relation, dependant))
    of_all = count(RELATION.keys(relation))
    to_class = _association(
        count(PAIR_CLASS.keys(relation, head, dependant_class)),
        of_head,
        count(DEPENDANT_CLASS.keys(relation, dependant_class)),
        of_all,
        _PAIR_PRIOR,
    )
    from_class = _association(
        count(CLASS_PAIR.keys(relation, head_class, dependant)),
        count(HEAD_CLASS.keys(relation, head_class)),
        of_dependant,
        of_all,
        _PAIR_PRIOR,
    )
    num = len(folds)
    for name, values in (
        ("governor", _association(together, of_head, of_dependant, of_all, _PAIR_PRIOR)),
        ("as dependant", _share_of_uses(of_dependant, source.of_words(dependant_ids, fold))),
        ("class as dependant", to_class),
        ("class as head", from_class),
        ("unseen pairs", together == 0),
    ):
        columns[name] += np.bincount(candidate, values, num)
    columns["asked"] += np.bincount(candidate, minlength=num)


def add_beside(columns: Columns, block: Block, folds: Folds, source: CountLookup) -> None:
    """Add associations of a candidate's changed word with the caption's other content words.

    That two rare words are not in one caption says nothing: a pair without a sighting is asked
    about only if chance would have given it _TELLING of one.
    """
    firsts, sizes, others = _columns(block.beside, 3)
    rows = _combine(firsts, sizes, folds)
    hashes = source.words.hashes()
    other = others[rows.row]
    changed = np.array(block.heads, np.int64)[rows.candidate]
    together = source.count(BESIDE.unordered_keys(hashes[other], hashes[changed]), rows.fold)
    total = 2 * source.total(ALL_BESIDE)[rows.fold]
    of_other = source.of_words(other, rows.fold, PRESENT)
    of_changed = source.of_words(changed, rows.fold, PRESENT)
    values = _association(together, of_other, of_changed, total, _BESIDE_PRIOR)
    by_chance = of_other * of_changed / np.maximum(total, 1.0)
    tells = (together > 0) | (by_chance >= _TELLING)
    num = len(folds)
    columns["beside"] += np.bincount(rows.candidate, values, num)
    columns["unseen beside"] += np.bincount(rows.candidate, (together == 0) & tells, num)
    columns["asked"] += np.bincount(rows.candidate, tells, num)


def _columns(rows: Sequence[int], width: int) -> Ints:
    return np.array(rows, np.int64).reshape(-1, width).T


def _combine(firsts: Ints, sizes: Ints, folds: Folds) -> _Rows:
    """Return every combination of a row with its slot's candidates."""
    row = np.repeat(np.arange(len(sizes)), sizes)
    begins = np.cumsum(sizes) - sizes
    candidate = firsts[row] + np.arange(len(row)) - begins[row]
    return _Rows(row, candidate, folds[candidate])


def _of_either(relation: Hashes, word: Hashes, is_head: NDArray[np.bool_]) -> Hashes:
    """Return the key of a word in a relation, as its head or as its dependant."""
    return np.where(is_head, HEAD.keys(relation, word), DEPENDANT.keys(relation, word))


def _share_of_uses(in_role: Floats, in_all: Floats) -> Floats:
    """Return the logarithm of the share of a word's uses in one role."""
    share: Floats = np.log((in_role + RARE) / (in_all + 2 * RARE))
    return share


def _association(
    together: Floats, left: Floats, right: Floats, all_pairs: Floats, prior: float
) -> Floats:
    """Return log p(right | left) / p(right), the first smoothed by `prior` sightings."""
    chance = (right + RARE) / (all_pairs + RARE * VOCABULARY)
    strength: Floats = np.log((together + prior * chance) / ((left + prior) * chance))
    return strength
