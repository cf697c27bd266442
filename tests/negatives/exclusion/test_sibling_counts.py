"""Counts of siblings against a plain count over sets."""

from collections import Counter
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from negatives.exclusion.counting import (
    CAPTIONS,
    CHANCES,
    IMAGES,
    MET,
    PLACE,
    REPEATS,
    TOGETHER,
    tally_siblings,
)
from negatives.exclusion.mentions import Numbering
from negatives.fluency.counts import Table, merge_tallies, table_of
from negatives.fluency.words import hash_of
from negatives.words.lexicon import Table as Lexicon

WORDS, PLACES = "abcd", ("p", "q")
Captions = list[tuple[int, list[tuple[str, str]]]]

captions_of_images = st.lists(
    st.lists(
        st.lists(st.tuples(st.sampled_from(PLACES), st.sampled_from(WORDS)), max_size=4), max_size=4
    ),
    max_size=5,
).map(lambda images: [(image, said) for image, group in enumerate(images) for said in group])


def count_table(captions: Captions) -> Table:
    numbering = Numbering(Lexicon())
    said = [
        [numbering.mention(numbering.id_of(place), numbering.id_of(word)) for place, word in each]
        for _, each in captions
    ]
    images = [image for image, _ in captions]
    return table_of(tally_siblings(said, images, [image % 5 for image in images], numbering))


def plainly(captions: Captions) -> Counter[tuple[str, ...]]:
    counts: Counter[tuple[str, ...]] = Counter()
    for image in {image for image, _ in captions}:
        for place in PLACES:
            sets = [
                {word for where, word in said if where == place}
                for of, said in captions
                if of == image
            ]
            sets = [words for words in sets if words]
            if len(sets) < 2:
                continue
            counts["place", place] += 1
            times = Counter(word for words in sets for word in words)
            for word, m in times.items():
                counts["images", place, word] += 1
                counts["captions", place, word] += m
                counts["chances", place, word] += m * (len(sets) - 1)
                counts["repeats", place, word] += m * (m - 1)
            for a, b in combinations(sorted(times), 2):
                counts["met", place, a, b] += 1
                counts["together", place, a, b] += any({a, b} <= words for words in sets)
    return counts


@given(captions_of_images)
def test_counts_are_those_of_sets(captions: Captions) -> None:
    table, plain = count_table(captions), plainly(captions)

    def total(kind: object, *parts: str) -> float:
        hashes = [np.array([hash_of(part)], np.uint64) for part in parts]
        key = kind.keys(*hashes) if len(hashes) < 3 else kind.keys(hashes[0], sum(hashes[1:]))  # type: ignore[attr-defined]
        return float(table.without_each(key).sum()) / 4  # each fold is left out once of five

    for place in PLACES:
        assert total(PLACE, place) == plain["place", place]
        for word in WORDS:
            for name, kind in (
                ("images", IMAGES), ("captions", CAPTIONS), ("chances", CHANCES),
                ("repeats", REPEATS),
            ):  # fmt: skip
                assert total(kind, place, word) == plain[name, place, word], (name, place, word)
        for a, b in combinations(WORDS, 2):
            assert total(MET, place, a, b) == total(MET, place, b, a) == plain["met", place, a, b]
            assert total(TOGETHER, place, a, b) == plain["together", place, a, b]


@pytest.mark.parametrize("split", [1, 2])
def test_blocks_add_up(split: int) -> None:
    captions: Captions = [
        (image, [("p", WORDS[(image + k) % 4]), ("p", "a")]) for image in range(4) for k in range(3)
    ]
    parts = [captions[: split * 3], captions[split * 3 :]]
    numbering = Numbering(Lexicon())

    def tally(part: Captions):  # type: ignore[no-untyped-def] # noqa: ANN202
        said = [
            [numbering.mention(numbering.id_of(p), numbering.id_of(w)) for p, w in each]
            for _, each in part
        ]
        return tally_siblings(said, [i for i, _ in part], [i % 5 for i, _ in part], numbering)

    whole, sums = tally(captions), merge_tallies([tally(part) for part in parts])
    assert all(np.array_equal(one, other) for one, other in zip(whole, sums, strict=True))
