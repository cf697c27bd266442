"""The trained adversary on the negatives of some kinds: `adversary.py FOLDER NAME ...` (rules or type/subtype)."""

import sys
from pathlib import Path

import numpy as np
import pyarrow as pa

from data.measures.adversary import distinct_texts, folds_of, held_out_wins, word_reader
from data.measures.intervals import share_interval

MOST = 4000
pairs = {}
for path in sorted((Path(sys.argv[1]) / "data").glob("*.arrow")):
    with pa.memory_map(str(path)) as s:
        for row in pa.ipc.open_stream(s).read_all().to_pylist():
            for n in row["negatives"]:
                for name in (
                    n["rule"],
                    f"{n['type']}/{n['subtype']}",
                    f"{n['rule']} {n['subtype']}",
                ):
                    if name in sys.argv[2:]:
                        pairs.setdefault(name, []).append((row["caption"], n["text"], row["image"]))
for name, found in pairs.items():
    rng = np.random.default_rng(0)
    found = [found[k] for k in sorted(rng.permutation(len(found))[:MOST])]
    images = {im: k for k, im in enumerate(sorted({im for *_, im in found}))}
    groups = np.array([images[im] for *_, im in found])
    texts, caps, negs = distinct_texts([c for c, *_ in found], [t for _, t, _ in found])
    wins = held_out_wins(word_reader(texts), caps, negs, folds_of(groups, 7))
    print(name, len(found), share_interval(wins, groups), flush=True)
