"""How well the words of a pair go together, and the words of one caption.

Associations are log ratios of a smoothed share to what chance gives: 0 says nothing either way.
Those by class (Resnik, 1996) speak where a pair of words was never seen.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from negatives.fluency.candidates import Block
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
    ngram_keys,
    relation_hashes,
)
from negatives.fluency.counts import Folds, Table
from negatives.fluency.words import Hashes, Words

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Columns = dict[str, Floats]
"""Features of all candidates, by name."""

RARE = 0.5  # a count for what was never seen
VOCABULARY = 20_000.0
_PAIR_PRIOR = 10.0
_BESIDE_PRIOR = 20.0


class Source(NamedTuple):
    """The words of this process, and the counts that they are looked up in."""

    words: Words
    table: Table


class Pairs(NamedTuple):
    """Pairs that differ among candidates, an array of N each; words by number.

    `head_changes`: whether the slot changes the head alone; else the dependant, or both.
    """

    candidate: Ints
    relation: Hashes
    head: Ints
    dependant: Ints
    head_changes: NDArray[np.bool_]


def counts_of(table: Table, folds: Folds, keys: Hashes) -> Floats:
    """Return the counts for an array of keys of any shape whose rows are of these folds."""
    spread = np.broadcast_to(folds.reshape(-1, *[1] * (keys.ndim - 1)), keys.shape)
    return table.without(spread.ravel(), keys.ravel()).reshape(keys.shape).astype(float)


def pairs_of(block: Block) -> Pairs:
    """Return the pairs of all candidates of a block."""
    firsts, sizes, relations, others, other_is_head = _columns(block.spans, 5)
    row, candidate = _multiplied(firsts, sizes)
    other, changed = np.array(others, np.int64)[row], np.array(block.heads, np.int64)[candidate]
    is_governed = np.array(other_is_head, bool)[row]
    of, names, heads, dependants = _columns(block.pairs, 4)
    return Pairs(
        np.concatenate([candidate, np.array(of, np.int64)]),
        np.concatenate([relation_hashes(relations)[row], relation_hashes(names)]),
        np.concatenate([np.where(is_governed, other, changed), np.array(heads, np.int64)]),
        np.concatenate([np.where(is_governed, changed, other), np.array(dependants, np.int64)]),
        np.concatenate([~is_governed, np.zeros(len(of), bool)]),
    )


def _columns(rows: Sequence[tuple[Any, ...]], width: int) -> list[tuple[Any, ...]]:
    return list(zip(*rows, strict=True)) if rows else [()] * width


def _multiplied(firsts: Sequence[int], sizes: Sequence[int]) -> tuple[Ints, Ints]:
    """Return the row and the candidate of every combination of a row with its slot's candidates."""
    lengths = np.array(sizes, np.int64)
    row = np.repeat(np.arange(len(lengths)), lengths)
    begins = np.cumsum(lengths) - lengths
    candidate = np.array(firsts, np.int64)[row] + np.arange(len(row)) - begins[row]
    return row, candidate


def add_pairs(columns: Columns, pairs: Pairs, folds: Folds, source: Source) -> None:
    """Add what pairs say of their candidates; `folds` are those of the candidates."""
    fold = folds[pairs.candidate]
    hashes, classes = source.words.hashes(), source.words.class_hashes()
    relation = pairs.relation
    head, dependant = hashes[pairs.head], hashes[pairs.dependant]
    head_class, dependant_class = classes[pairs.head], classes[pairs.dependant]

    def count(keys: Hashes) -> Floats:
        return counts_of(source.table, fold, keys)

    together = count(PAIR.keys(relation, head, dependant))
    of_head = count(HEAD.keys(relation, head))
    of_dependant = count(DEPENDANT.keys(relation, dependant))
    of_all = count(RELATION.keys(relation))
    strength = _association(together, of_head, of_dependant, of_all, _PAIR_PRIOR)
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
    as_head = np.log((of_head + RARE) / (count(ngram_keys(head)[0]) + 2 * RARE))
    as_dependant = np.log((of_dependant + RARE) / (count(ngram_keys(dependant)[0]) + 2 * RARE))
    heads = pairs.head_changes
    num = len(folds)
    for name, values, where in (
        ("governor", strength, ~heads),
        ("dependant", strength, heads),
        ("as dependant", as_dependant, ~heads),
        ("as head", as_head, heads),
        ("class as dependant", to_class, ~heads),
        ("class as head", from_class, heads),
        ("class as head", from_class, ~heads),
        ("unseen pairs", (together == 0).astype(float), slice(None)),
    ):
        columns[name] += np.bincount(pairs.candidate[where], values[where], num)


def _association(
    together: Floats, left: Floats, right: Floats, all_pairs: Floats, prior: float
) -> Floats:
    """Return log p(right | left) / p(right), the first smoothed by `prior` sightings."""
    chance = (right + RARE) / (all_pairs + RARE * VOCABULARY)
    strength: Floats = np.log((together + prior * chance) / ((left + prior) * chance))
    return strength


def add_beside(columns: Columns, block: Block, folds: Folds, source: Source) -> None:
    """Add how a candidate's changed word goes with the other content words of the caption."""
    firsts, sizes, others = _columns(block.beside, 3)
    row, candidate = _multiplied(firsts, sizes)
    hashes = source.words.hashes()
    other = hashes[np.array(others, np.int64)[row]]
    changed = hashes[np.array(block.heads, np.int64)[candidate]]
    fold = folds[candidate]

    def count(keys: Hashes) -> Floats:
        return counts_of(source.table, fold, keys)

    together = count(BESIDE.unordered(other, changed))
    total = 2 * count(ALL_BESIDE.keys(np.zeros(len(row), np.uint64)))
    values = _association(
        together, count(PRESENT.keys(other)), count(PRESENT.keys(changed)), total, _BESIDE_PRIOR
    )
    columns["beside"] += np.bincount(candidate, values, len(folds))
    columns["unseen beside"] += np.bincount(candidate, together == 0, len(folds))


def beside_of(block: Block) -> Ints:
    """Return the number of other content words that each candidate is asked about."""
    firsts, sizes, _ = _columns(block.beside, 3)
    _, candidate = _multiplied(firsts, sizes)
    return np.bincount(candidate, minlength=len(block.heads))
