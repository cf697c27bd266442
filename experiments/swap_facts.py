"""Swaps of a finished build whose facts stay the same (part F): `swap_facts.py FOLDER`."""

import sys
from pathlib import Path

import pyarrow as pa
from corpora import block, span_of

from negatives.grammar.facts import after_swap, fact_of, lemmas_of, links_of, says_the_same
from negatives.words import lexicon as lexicons

LEX = lexicons.load()


parses = {c.text: p for c, p in block("flickr8k")}
total, same = 0, []
for path in sorted((Path(sys.argv[1]) / "data").glob("*.arrow")):
    with pa.memory_map(str(path)) as s:
        for row in pa.ipc.open_stream(s).read_all().to_pylist():
            for neg in row["negatives"]:
                if neg["type"] != "swap" or row["caption"] not in parses:
                    continue
                total += 1
                parse = parses[row["caption"]]
                edits = sorted(
                    (e for e in neg["edits"] if len(e["text"]) > 2 or len(neg["edits"]) == 2),
                    key=lambda e: e["start"],
                )
                if len(edits) != 2:
                    continue
                left, right = (span_of(parse, e["start"], e["end"]) for e in edits)
                links = links_of(parse, LEX)
                lemmas = lemmas_of(parse, LEX)
                before = {fact_of(l, lemmas) for l in links}
                after = {fact_of(l, lemmas) for l in after_swap(links, left, right)}
                new = {f for f in after - before if f.relation != "compound"}
                if says_the_same(links, lemmas, left, right) or "-v" in sys.argv:
                    same.append(
                        (neg["subtype"], row["caption"], edits, sorted(new), sorted(before - after))
                    )
print(total, len(same))
for sub, cap, ed, new, gone in same[:80]:
    a, b = ed
    print(
        sub,
        cap[: a["start"]]
        + "["
        + cap[a["start"] : a["end"]]
        + " -> "
        + a["text"]
        + "]"
        + cap[a["end"] : b["start"]]
        + "["
        + cap[b["start"] : b["end"]]
        + " -> "
        + b["text"]
        + "]"
        + cap[b["end"] :],
        new or "",
        gone if new else "",
    )
