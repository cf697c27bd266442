"""Swaps of nouns whose parts may stand in each other's place (part F): `swap_places.py FOLDER`."""

import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
from corpora import block, counted, span_of

from negatives.auditing.sibling_truth import (
    Answer,
    find_in_held_out,
    by_kind,
    change_of,
    assertions_of,
)
from evidence import evidence_of
from negatives.exclusion.scores import Prior, posterior
from negatives.fluency.counts import table_of
from negatives.fluency.words import hash_of
from negatives.grammar.facts import fact_of, lemmas_of, links_of, says_the_same, signature
from negatives.models import model_name
from negatives.spacy_parse import parse_texts
from negatives.words import lexicon as lexicons

LEX = lexicons.load()
found = block("flickr8k")
last = {c.image: p for c, p in found}
kept = [row for k, row in enumerate(found[:-1]) if found[k + 1][0].image == row[0].image]
tally, numbering = counted(kept)
table = table_of(tally)
parses = {c.text: p for c, p in found}


def place_of(parse, k):
    t = parse.tokens[k]
    a = parse.tokens[t.head]
    if t.dep == "pobj":
        return f"noun after {a.text.lower()}"
    if t.dep == "dobj":
        return f"noun under {LEX.lemma(a.text.lower(), a.tag)}"
    return None


rows = []
for path in sorted((Path(sys.argv[1]) / "data").glob("*.arrow")):
    with pa.memory_map(str(path)) as s:
        for row in pa.ipc.open_stream(s).read_all().to_pylist():
            for n in row["negatives"]:
                if n["type"] == "swap" and row["caption"] in parses:
                    rows.append((row, n))
said = dict(
    zip(
        [n["text"] for _, n in rows],
        (
            assertions_of(p, LEX)
            for p in parse_texts([n["text"] for _, n in rows], model=model_name(), batch_size=256)
        ),
    )
)
groups = {}
numbers = {}
for r, n in rows:
    parse = parses[r["caption"]]
    edits = sorted(
        (e for e in n["edits"] if len(e["text"]) > 2 or len(n["edits"]) == 2),
        key=lambda e: e["start"],
    )
    if len(edits) != 2:
        continue
    left, right = (span_of(parse, e["start"], e["end"]) for e in edits)
    links, lemmas = links_of(parse, LEX), lemmas_of(parse, LEX)
    worst = 0.0
    for k in (left.root, right.root):
        place = place_of(parse, k)
        if place and n["subtype"] in {"obj", "np"}:
            e = evidence_of(
                table,
                *(
                    np.array([hash_of(x)], np.uint64)
                    for x in (place, lemmas[left.root], lemmas[right.root])
                ),
            )
            worst = max(worst, float(posterior(e.apart, e.exposure, Prior(0.1, 5.0)).mean()[0]))
    same = says_the_same(links, lemmas, left, right)
    held = assertions_of(last[r["image"]], LEX)
    a = find_in_held_out(change_of(assertions_of(parse, LEX), said[n["text"]]), held, by_fact=True)
    title = "same facts" if same else "place overlaps" if worst > 0.15 else "kept"
    text = r["caption"] + "  =>  " + n["text"]
    groups.setdefault(title, []).append((n["subtype"], round(worst, 2), a, text))
    if a:
        numbers.setdefault("answers", []).append(
            Answer(
                f"{title} {n['subtype']}", numbers.setdefault(r["image"], len(numbers)), *a, False
            )
        )
for title, listed in groups.items():
    print(title, len(listed))
    if title != "kept":
        for item in listed[:40]:
            print("   ", *item)
for kind in sorted({a.kind for a in numbers["answers"]}):
    some = [a for a in numbers["answers"] if a.kind == kind]
    print(
        kind,
        len(some),
        "inserted",
        sum(a.inserted for a in some),
        "removed",
        sum(a.removed for a in some),
    )
