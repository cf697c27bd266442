"""Counts over sibling captions: words used together, apart, and repeatedly.

All counts are numbers of images or captions, integers that merge by addition (`fluency/counts.py`).
For a word in a place, over images with at least two captions that have a word in that place:

    IMAGES      n    images with the word in a caption
    CAPTIONS         captions with the word
    CHANCES          for each caption with the word, the other captions of the image
    REPEATS          how many of those have it too

and for two words: MET, the images where one caption has the one and some caption the other, and
TOGETHER, those where one caption has both. MET - TOGETHER is how often they occur *apart*.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from negatives.exclusion.mentions import Numbering
from negatives.fluency.counts import Folds, Kind, Tally, sum_counts
from negatives.fluency.words import Hashes

Ints = NDArray[np.int64]
Counter = Callable[[Ints], Ints]
Entries = tuple[Hashes, Folds, Ints]
"""Keys, folds and counts, in any order."""

IMAGES = Kind("siblings: images")
CAPTIONS = Kind("siblings: captions")
CHANCES = Kind("siblings: chances to repeat")
REPEATS = Kind("siblings: repeats")
MET = Kind("siblings: images with both words")
TOGETHER = Kind("siblings: images with both words in one caption")
PLACE = Kind("siblings: images with two captions that say something in a place")


class _MentionTable(NamedTuple):
    """Mentions in captions: each word in its place once per caption, in ascending order.

    `caption`, `image`, `slot` (a word in its place) and `place` of each mention; `place_hash` and
    `word_hash` of each slot.
    """

    caption: Ints
    image: Ints
    slot: Ints
    place: Ints
    place_hash: Hashes
    word_hash: Hashes


def tally_siblings(
    mentions: Sequence[Sequence[int]],
    images: Sequence[int],
    folds: Sequence[int],
    numbering: Numbering,
) -> Tally:
    """Return the counts of a block of captions.

    `mentions[i]`: of caption i; `images[i]`: the number of its image; `folds[i]`: its fold, the
    same for all captions of an image.
    """
    image_of = np.array(images, np.int64)
    fold_of = np.zeros(int(image_of.max(initial=-1)) + 1, np.uint8)
    fold_of[image_of] = np.array(folds, np.uint8)
    table = _table_of(mentions, image_of, numbering)
    num_places = int(table.place.max(initial=-1)) + 1
    num_captions = _captions_of(table, num_places)
    parts = [*_word_parts(table, num_captions, num_places, fold_of)]
    parts += _together_parts(table, num_captions, num_places, fold_of)
    return sum_counts(*map(np.concatenate, zip(*parts, strict=True)))


def _table_of(
    mentions: Sequence[Sequence[int]], image_of: Ints, numbering: Numbering
) -> _MentionTable:
    caption = np.repeat(np.arange(len(mentions)), [len(said) for said in mentions])
    slot = np.array(list(chain.from_iterable(mentions)), np.int64)
    places, words = (np.array(x, np.int64) for x in (numbering.places, numbering.words))
    num_slots, num_names = max(1, len(places)), max(1, len(numbering.names))
    entries = np.unique((caption * num_names + places[slot]) * num_slots + slot)
    rest, slot = np.divmod(entries, num_slots)
    caption, place = np.divmod(rest, num_names)
    hashes = numbering.hashes()
    return _MentionTable(caption, image_of[caption], slot, place, hashes[places], hashes[words])


def _captions_of(table: _MentionTable, num_places: int) -> Counter:
    """Return the number of captions with a word in a place, by image and place."""
    spoken = np.unique(table.caption * max(1, num_places) + table.place, return_index=True)[1]
    groups = table.image[spoken] * num_places + table.place[spoken]
    known, counts = np.unique(groups, return_counts=True)

    def number_of(groups: Ints) -> Ints:
        found: Ints = counts[np.searchsorted(known, groups)]
        return found

    return number_of


def _word_parts(
    table: _MentionTable, num_captions: Counter, num_places: int, fold_of: Folds
) -> Iterator[Entries]:
    """Yield the counts of words, of places, and of words that occur in the same image."""
    num_slots = max(1, len(table.place_hash))
    groups = table.image * num_places + table.place
    entries, count = np.unique(groups * num_slots + table.slot, return_counts=True)
    group, slot = np.divmod(entries, num_slots)
    image = group // max(1, num_places)
    total = num_captions(group)
    kept = total > 1
    image, slot, group, count, total = (a[kept] for a in (image, slot, group, count, total))
    where, word, fold = table.place_hash[slot], table.word_hash[slot], fold_of[image]
    for kind, values in (
        (IMAGES, np.ones_like(count)),
        (CAPTIONS, count),
        (CHANCES, count * (total - 1)),
        (REPEATS, count * (count - 1)),
    ):
        there = values > 0
        yield kind.keys(where[there], word[there]), fold[there], values[there]
    first = np.flatnonzero(np.diff(group, prepend=-1))
    yield PLACE.keys(where[first]), fold[first], np.ones(len(first), np.int64)
    left, right = pairs_within(group)
    keys = MET.keys(where[left], word[left] + word[right])
    yield keys, fold[left], np.ones(len(left), np.int64)


def _together_parts(
    table: _MentionTable, num_captions: Counter, num_places: int, fold_of: Folds
) -> list[Entries]:
    left, right = pairs_within(table.caption * max(1, num_places) + table.place)
    if not len(left):
        return []
    num_slots = len(table.place_hash)
    pair = table.slot[left] * num_slots + table.slot[right]  # ascending: left is the smaller slot
    order = np.lexsort((pair, table.image[left]))
    image, place, pair = table.image[left][order], table.place[left][order], pair[order]
    first = np.ones(len(pair), bool)
    first[1:] = (pair[1:] != pair[:-1]) | (image[1:] != image[:-1])
    first &= num_captions(image * num_places + place) > 1
    here, there = np.divmod(pair[first], num_slots)
    word, where = table.word_hash, table.place_hash
    keys = TOGETHER.keys(where[here], word[here] + word[there])
    return [(keys, fold_of[image[first]], np.ones(len(keys), np.int64))]


def pairs_within(groups: Ints) -> tuple[Ints, Ints]:
    """Return the positions of all pairs within a group, for groups in ascending order."""
    places = np.arange(len(groups))
    later = np.searchsorted(groups, groups, side="right") - places - 1
    left = np.repeat(places, later)
    begins = np.cumsum(later) - later
    return left, left + 1 + np.arange(len(left)) - begins[left]
