"""Parsed corpora and their sibling counts for the experiments; see experiments/README.md."""

import os
import time
from pathlib import Path

import numpy as np

from negatives.exclusion.counting import tally_siblings
from negatives.exclusion.mentions import Numbering, mentions_of
from negatives.fluency.counts import merge_tallies, table_of
from negatives.building.parse_files import read_parses
from negatives.grammar.facts import Span
from negatives.words import lexicon as lexicons

CACHE = Path(os.environ.get("I15_CACHE", "out/i15"))


def block(name, *, limit=None):
    found = list(read_parses(CACHE / f"{name}.parses"))
    return found[:limit] if limit else found


def counted(found, *, numbering=None, size=5000, fold=None):
    """Return (tally, numbering); `fold(image) -> 0..4`."""
    numbering = numbering or Numbering(lexicons.load())
    images = {}
    tallies = []
    spent = [0.0, 0.0]
    begin = 0
    while begin < len(found):
        end = min(begin + size, len(found))
        while end < len(found) and found[end][0].image == found[end - 1][0].image:
            end += 1
        part = found[begin:end]
        begin = end
        t0 = time.process_time()
        said = [mentions_of(parse, numbering, by_head=True) for _, parse in part]
        t1 = time.process_time()
        ids = [images.setdefault(c.image, len(images)) for c, _ in part]
        folds = [fold(c.image) if fold else 0 for c, _ in part]
        low = ids[0]
        tallies.append(tally_siblings(said, [i - low for i in ids], folds, numbering))
        spent[0] += t1 - t0
        spent[1] += time.process_time() - t1
    print(
        "CPU us a caption: mentions %.1f counting %.1f" % tuple(1e6 * s / len(found) for s in spent)
    )
    return merge_tallies(tallies), numbering


def halves(image):
    import zlib

    return zlib.crc32(str(image).encode()) & 1


def span_of(parse, start, end):
    inside = [k for k, t in enumerate(parse.tokens) if t.start >= start and t.end <= end]
    root = next(
        (
            k
            for k in reversed(inside)
            if not inside[0] <= parse.tokens[k].head <= inside[-1] or parse.tokens[k].head == k
        ),
        inside[-1],
    )
    return Span(inside[0], inside[-1], root)
