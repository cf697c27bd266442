"""What the corpus says of each candidate: a row of features, from counts without the caption's fold.

Sums of log probabilities of the words of a window, under models of several orders and kinds, and sums
of associations of the pairs that change. Each model is smoothed towards the next simpler one by a
Dirichlet prior: p(w | context) = (c(context, w) + m p'(w)) / (c(context) + m).
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from negatives.fluency.candidates import Block
from negatives.fluency.captions import ORDER, PADDING
from negatives.fluency.counting import (
    ALL_BESIDE,
    BESIDE,
    CLASS_AFTER,
    CLASS_BEFORE,
    CLASSES_BEFORE,
    DEPENDANT,
    HEAD,
    PAIR,
    PRESENT,
    RELATION,
    TOTAL,
    ngram_keys,
    relation_hashes,
)
from negatives.fluency.counts import Table
from negatives.fluency.words import PAD, Hashes

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

FEATURES = (
    *(f"{order}-gram" for order in range(1, ORDER + 1)),
    "class before",
    "classes before",
    "class after",
    "governor",
    "dependant",
    "as dependant",
    "as head",
    "beside",
    "words",
    "characters",
)
_PRIOR = (0.0, 0.0, 20.0, 8.0, 4.0)  # by order
_CLASS_PRIOR = 20.0
_PAIR_PRIOR = 10.0
_BESIDE_PRIOR = 20.0
_RARE = 0.5  # a count for what was never seen
_VOCABULARY = 20_000.0


def features_of(block: Block, table: Table) -> Floats:
    """Return the features of all candidates of a block: candidates x FEATURES."""
    num = len(block.heads)
    if not num:
        return np.zeros((0, len(FEATURES)))
    columns = {name: np.zeros(num) for name in FEATURES}
    folds = np.repeat(np.array(block.folds, np.uint8), block.sizes)
    for width, flat in block.windows.items():
        of = np.array(block.window_of[width], np.int64)
        ids = np.array(flat, np.int64).reshape(len(of), -1)
        _add_windows(columns, ids, of, folds[of], block, table)
        columns["words"][of] = width
    _add_pairs(columns, block, folds, table)
    _add_beside(columns, block, folds, table)
    columns["characters"] = np.array(block.characters, float)
    return np.stack([columns[name] for name in FEATURES], axis=1)


def _lookup(table: Table, folds: NDArray[np.uint8], keys: Hashes) -> Floats:
    """Return the counts for an array of keys of any shape whose rows are of these folds."""
    spread = np.broadcast_to(folds.reshape(-1, *[1] * (keys.ndim - 1)), keys.shape)
    return table.without(spread.ravel(), keys.ravel()).reshape(keys.shape).astype(float)


def _add_windows(
    columns: dict[str, Floats],
    ids: Ints,
    of: Ints,
    folds: NDArray[np.uint8],
    block: Block,
    table: Table,
) -> None:
    """Add the features of windows of one width: N x (PADDING + width + PADDING) words."""
    hashes = block.words.hashes()[ids]
    classes = block.words.class_hashes()[ids]
    is_word = ids[:, PADDING:] != PAD
    total = _lookup(table, folds, TOTAL.keys(np.zeros((len(ids), 1), np.uint64)))
    probability = None
    shorter = total
    for order, keys in enumerate(ngram_keys(hashes), start=1):
        counts = _lookup(table, folds, keys[:, PADDING - 1 :])
        if probability is None:
            probability = (counts[:, 1:] + _RARE) / (total + _RARE * _VOCABULARY)
            unigram = probability
        else:
            prior = _PRIOR[order]
            probability = (counts[:, 1:] + prior * probability) / (shorter[:, :-1] + prior)
        columns[f"{order}-gram"][of] = _sum_of_logs(probability, is_word)
        shorter = counts
    here, before = hashes[:, PADDING:], np.roll(classes, 1, axis=1)[:, PADDING:]
    earlier = np.roll(classes, 2, axis=1)[:, PADDING:]
    for name, joint, context in (
        ("class before", CLASS_BEFORE.keys(before, here), CLASS_BEFORE.keys(before)),
        (
            "classes before",
            CLASSES_BEFORE.keys(earlier, before, here),
            CLASSES_BEFORE.keys(earlier, before),
        ),
    ):
        counts, contexts = (_lookup(table, folds, keys) for keys in (joint, context))
        smoothed = (counts + _CLASS_PRIOR * unigram) / (contexts + _CLASS_PRIOR)
        columns[name][of] = _sum_of_logs(smoothed, is_word)
    words, following = (
        hashes[:, PADDING - 1 : -1],
        np.roll(classes, -1, axis=1)[:, PADDING - 1 : -1],
    )
    counts = _lookup(table, folds, CLASS_AFTER.keys(words, following))
    contexts = _lookup(table, folds, CLASS_AFTER.keys(following))
    frequency = _lookup(table, folds, ngram_keys(words)[0])
    chance = (frequency + _RARE) / (total + _RARE * _VOCABULARY)
    smoothed = (counts + _CLASS_PRIOR * chance) / (contexts + _CLASS_PRIOR)
    columns["class after"][of] = _sum_of_logs(smoothed, is_word)


def _sum_of_logs(probability: Floats, is_word: NDArray[np.bool_]) -> Floats:
    total: Floats = np.where(is_word, np.log(probability), 0.0).sum(axis=1)
    return total


def _multiplied(firsts: Sequence[int], sizes: Sequence[int]) -> tuple[Ints, Ints]:
    """Return the row and the candidate of every combination of a row with its slot's candidates."""
    lengths = np.array(sizes, np.int64)
    row = np.repeat(np.arange(len(lengths)), lengths)
    begins = np.concatenate([[0], np.cumsum(lengths)[:-1]]) if len(lengths) else lengths
    candidate = np.array(firsts, np.int64)[row] + np.arange(len(row)) - begins[row]
    return row, candidate


def _add_pairs(
    columns: dict[str, Floats], block: Block, folds: NDArray[np.uint8], table: Table
) -> None:
    heads_of = np.array(block.heads, np.int64)
    if block.spans:
        firsts, sizes, relations, others, is_head = zip(*block.spans, strict=True)
        row, candidate = _multiplied(firsts, sizes)
        relation = relation_hashes(relations)[row]
        other, changed = np.array(others, np.int64)[row], heads_of[candidate]
        governed = np.array(is_head)[row]
        head = np.where(governed, other, changed)
        dependant = np.where(governed, changed, other)
        strength, as_head, as_dependant = _association(
            relation, head, dependant, folds[candidate], block, table
        )
        num = len(heads_of)
        for name, values, where in (
            ("governor", strength, governed),
            ("dependant", strength, ~governed),
            ("as dependant", as_dependant, governed),
            ("as head", as_head, ~governed),
        ):
            columns[name] += np.bincount(candidate[where], values[where], num)
    if block.pairs:
        of, names, heads, dependants = zip(*block.pairs, strict=True)
        candidate = np.array(of, np.int64)
        strength, as_head, as_dependant = _association(
            relation_hashes(names),
            np.array(heads, np.int64),
            np.array(dependants, np.int64),
            folds[candidate],
            block,
            table,
        )
        num = len(heads_of)
        columns["governor"] += np.bincount(candidate, strength, num)
        columns["as head"] += np.bincount(candidate, as_head, num)
        columns["as dependant"] += np.bincount(candidate, as_dependant, num)


def _association(
    relation: Hashes,
    head: Ints,
    dependant: Ints,
    folds: NDArray[np.uint8],
    block: Block,
    table: Table,
) -> tuple[Floats, Floats, Floats]:
    """Return of each pair log p(dependant | relation, head) / p(dependant | relation), and shares.

    The shares: how much of a word's use is as head, or as dependant, of this relation (log).
    """
    hashes = block.words.hashes()
    head_hash, dependant_hash = hashes[head], hashes[dependant]

    def count(keys: Hashes) -> Floats:
        return _lookup(table, folds, keys)

    together = count(PAIR.keys(relation, head_hash, dependant_hash))
    of_head = count(HEAD.keys(relation, head_hash))
    of_dependant = count(DEPENDANT.keys(relation, dependant_hash))
    all_pairs = count(RELATION.keys(relation))
    chance = (of_dependant + _RARE) / (all_pairs + _RARE * _VOCABULARY)
    strength = np.log((together + _PAIR_PRIOR * chance) / ((of_head + _PAIR_PRIOR) * chance))
    seen_head, seen_dependant = (
        count(ngram_keys(words)[0]) for words in (head_hash, dependant_hash)
    )
    as_head = np.log((of_head + _RARE) / (seen_head + 2 * _RARE))
    as_dependant = np.log((of_dependant + _RARE) / (seen_dependant + 2 * _RARE))
    return strength, as_head, as_dependant


def _add_beside(
    columns: dict[str, Floats], block: Block, folds: NDArray[np.uint8], table: Table
) -> None:
    if not block.beside:
        return
    firsts, sizes, others = zip(*block.beside, strict=True)
    row, candidate = _multiplied(firsts, sizes)
    hashes = block.words.hashes()
    other = hashes[np.array(others, np.int64)[row]]
    changed = hashes[np.array(block.heads, np.int64)[candidate]]
    fold = folds[candidate]
    together = _lookup(table, fold, BESIDE.unordered(other, changed))
    of_other = _lookup(table, fold, PRESENT.keys(other))
    of_changed = _lookup(table, fold, PRESENT.keys(changed))
    total = _lookup(table, fold, ALL_BESIDE.keys(np.zeros(len(row), np.uint64)))
    chance = (of_changed + _RARE) / (2 * total + _RARE * _VOCABULARY)
    values = np.log((together + _BESIDE_PRIOR * chance) / ((of_other + _BESIDE_PRIOR) * chance))
    columns["beside"] += np.bincount(candidate, values, len(block.heads))
