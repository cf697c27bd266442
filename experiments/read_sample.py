"""Print a sample of one rule's negatives, the edit marked: `read_sample.py FOLDER RULE NUMBER [SEED]`."""

import random
import sys
from pathlib import Path

import pyarrow as pa

folder, rule, number = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
rows = []
for path in sorted((folder / "data").glob("*.arrow")):
    with pa.memory_map(str(path)) as s:
        for row in pa.ipc.open_stream(s).read_all().to_pylist():
            for neg in row["negatives"]:
                if rule in (neg["rule"], "all", f"{neg['type']}/{neg['subtype']}"):
                    rows.append((row["caption"], neg))
random.Random(int(sys.argv[4]) if len(sys.argv) > 4 else 0).shuffle(rows)
for k, (caption, neg) in enumerate(rows[:number]):
    out, at = "", 0
    for e in neg["edits"]:
        out += (
            caption[at : e["start"]]
            + "["
            + caption[e["start"] : e["end"]]
            + " -> "
            + e["text"]
            + "]"
        )
        at = e["end"]
    print(k, neg["subtype"], out + caption[at:])
print(len(rows))
