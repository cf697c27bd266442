"""Held-out captions on negatives (part D).

held_out_truth.py build FOLDER HELD_OUT.parses   the last caption of each image is held out
held_out_truth.py negclip | sugarcrepe           siblings in COCO's val2017 (and val2014)
"""

import json
import os
import sys
from collections import defaultdict
from pathlib import Path

import pyarrow as pa
from corpora import block

from negatives.auditing.sibling_truth import (
    Answer,
    find_in_held_out,
    by_fact,
    by_kind,
    change_of,
    assertions_of,
)
from negatives.models import model_name
from negatives.spacy_parse import parse_texts
from negatives.words import lexicon as lexicons

LEX = lexicons.load()
SHARED = Path(os.environ.get("SHARED_DATA", "../shared/data"))


def parsed(texts):
    texts = list(dict.fromkeys(texts))
    return dict(
        zip(
            texts,
            (assertions_of(p, LEX) for p in parse_texts(texts, model=model_name(), batch_size=256)),
        )
    )


def report(triples, held):
    """`triples`: (kind, type, subtype, image, caption, negative); `held[image]`: list of Said."""
    said = parsed([t for row in triples for t in row[4:]])
    images = sorted(held)
    other = {image: images[(k + len(images) // 2) % len(images)] for k, image in enumerate(images)}
    numbers = {image: k for k, image in enumerate(images)}
    answers = []
    for kind, type_, subtype, image, caption, negative in triples:
        change = change_of(said[caption], said[negative])
        facts = by_fact(type_, subtype)
        for there in held.get(image, ()):
            if there == said[caption]:
                continue
            answer = find_in_held_out(change, there, by_fact=facts)
            if answer is None:
                continue
            chance = find_in_held_out(change, held[other[image]][0], by_fact=facts)
            answers.append(Answer(kind, numbers[image], *answer, chance is not None and chance[0]))
    print(
        f"{'kind':22s} {'answers':>7s}  inserted said        removed said         by chance   still true"
    )
    for kind, t in by_kind(answers).items():
        f = lambda x: f"{x.value:.3f} [{x.low:.3f}, {x.high:.3f}]"
        print(
            f"{kind:22s} {t.num_answers:7d}  {f(t.inserted)}  {f(t.removed)}  {t.chance.value:.3f}       {f(t.still_true)}"
        )


what = sys.argv[1]
triples, held = [], defaultdict(list)
if what == "build":
    last = {}
    for c, p in block("flickr8k"):
        last[c.image] = p
    held.update({image: [assertions_of(p, LEX)] for image, p in last.items()})
    for path in sorted((Path(sys.argv[2]) / "data").glob("*.arrow")):
        with pa.memory_map(str(path)) as s:
            for row in pa.ipc.open_stream(s).read_all().to_pylist():
                for n in row["negatives"]:
                    kind = f"{n['type']}/{n['subtype']}" + (
                        " filler" if "illers" in n["rule"] else ""
                    )
                    triples.append(
                        (kind, n["type"], n["subtype"], row["image"], row["caption"], n["text"])
                    )
    held = {i: held[i] for i in {t[3] for t in triples}}
else:
    for name in ("val2017", "val2014"):
        for c, p in block(name):
            held[int(c.image)].append(assertions_of(p, LEX))
    if what == "negclip":
        for line in (SHARED / "peers/negclip_valid.jsonl").read_text().splitlines():
            r = json.loads(line)
            for n in r["negatives"]:
                triples.append(
                    ("negclip swap", "swap", "unknown", int(r["image"][-16:-4]), r["caption"], n)
                )
    else:
        for path in sorted((SHARED / "sugar-crepe").glob("*.json")):
            kind = path.stem
            type_, sub = kind.split("_")
            if type_ == "add":
                continue
            for r in json.loads(path.read_text()).values():
                triples.append(
                    (kind, type_, sub, int(r["filename"][:-4]), r["caption"], r["negative_caption"])
                )
    wanted = {t[3] for t in triples}
    held = {i: h for i, h in held.items() if i in wanted and len(h) > 1}
    print(
        len(held),
        "images with siblings;",
        sum(t[3] in held for t in triples),
        "of",
        len(triples),
        "negatives",
    )
report(triples, held)
