"""Does the guard refuse what held-out captions say? (parts B and D): `guard_truth.py FOLDER`.

Counts are of all captions but the last of each image; the last one is the judge.
"""

import sys
from collections import defaultdict
from pathlib import Path

import numpy as np
import pyarrow as pa
from corpora import block, counted

from data.edits import edit_between
from negatives.auditing.sibling_truth import (
    Answer,
    find_in_held_out,
    by_kind,
    change_of,
    assertions_of,
)
from negatives.exclusion.model import overlaps_of, vocabulary_of
from negatives.fluency.counts import table_of
from negatives.models import model_name
from negatives.spacy_parse import parse_texts
from negatives.words import lexicon as lexicons

LEX = lexicons.load()
KIND = {"NOUN": "noun", "ADJ": "adj", "VERB": "verb"}
found = block("flickr8k")
last = {c.image: p for c, p in found}
kept = [row for k, row in enumerate(found[:-1]) if found[k + 1][0].image == row[0].image]
tally, numbering = counted(kept)
table = table_of(tally)
vocabularies = {pos: vocabulary_of(table, kind, numbering.names) for pos, kind in KIND.items()}
places = {pos: v.places() for pos, v in vocabularies.items()}
print({k: len(v.words) for k, v in vocabularies.items()})

rows = []
for path in sorted((Path(sys.argv[1]) / "data").glob("*.arrow")):
    with pa.memory_map(str(path)) as s:
        for row in pa.ipc.open_stream(s).read_all().to_pylist():
            for n in row["negatives"]:
                if n["type"] == "replace" and n["subtype"] in {"obj", "act", "att"}:
                    rows.append((row, n))
texts = list(dict.fromkeys([r["caption"] for r, _ in rows] + [n["text"] for _, n in rows]))
said = dict(
    zip(
        texts,
        (assertions_of(p, LEX) for p in parse_texts(texts, model=model_name(), batch_size=256)),
    )
)
held = {}
numbers = {}
questions = defaultdict(list)  # pos -> (row number, left, right)
answers = {}
for k, (r, n) in enumerate(rows):
    change = change_of(said[r["caption"]], said[n["text"]])
    if r["image"] not in held:
        held[r["image"]] = assertions_of(last[r["image"]], LEX)
        numbers[r["image"]] = len(numbers)
    if len(change.inserted.words) != 1 or len(change.removed.words) != 1:
        continue
    (pos, new), (pos2, old) = *change.inserted.words, *change.removed.words
    answer = find_in_held_out(change, held[r["image"]], by_fact=False)
    answers[k] = (
        f"{n['subtype']}{' filler' if 'illers' in n['rule'] else ''}",
        numbers[r["image"]],
        *answer,
    )
    if pos == pos2 and pos in places and new in places[pos] and old in places[pos]:
        questions[pos].append((k, places[pos][old], places[pos][new]))
verdict = {}
for pos, asked in questions.items():
    k, left, right = np.array(asked).T
    o = overlaps_of(table, vocabularies[pos], left, right)
    for key, mean, upper, excess, one, exp in zip(
        k.tolist(),
        o.total.mean(),
        o.total.quantile(0.9),
        o.excess.mean(),
        o.may_name_one_thing(),
        o.exposure,
    ):
        verdict[key] = (mean, upper, excess, exp)


def show(title, rule):
    yes = [
        Answer(f"{title}: {a[0]}", a[1], a[2], a[3], False)
        for k, a in answers.items()
        if rule(verdict.get(k))
    ]
    for kind, t in by_kind(yes).items():
        if kind != "all":
            print(
                f"{kind:40s} {t.num_answers:6d}  inserted {t.inserted.value:.3f}  removed {t.removed.value:.3f}  still true {t.still_true.value:.3f} [{t.still_true.low:.3f}, {t.still_true.high:.3f}]"
            )


show("all", lambda v: True)
show("not in the vocabulary", lambda v: v is None)
for bound in (0.05, 0.1, 0.15, 0.2):
    show(f"excess > {bound}", lambda v: v is not None and v[2] > bound)
for bound in (0.1, 0.15, 0.2):
    show(f"mean > {bound}", lambda v: v is not None and v[0] > bound)
show("excess <= .05 and mean <= .15", lambda v: v is not None and v[2] <= 0.05 and v[0] <= 0.15)
show("q90 < .1", lambda v: v is not None and v[1] < 0.1)
