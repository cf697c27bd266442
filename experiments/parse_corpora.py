"""Parse Flickr8k and COCO's caption files once; see README.md."""

import csv
import json
import os
import time
from pathlib import Path
from data.records import Caption
from negatives.models import model_name
from negatives.spacy_parse import parse_texts
from negatives.building.parse_files import write_parses

S = Path(os.environ.get("SHARED_DATA", "../shared/data"))


def coco(name):
    d = json.load(open(S / f"coco/annotations/captions_{name}.json"))
    rows = sorted(d["annotations"], key=lambda a: (a["image_id"], a["id"]))
    return [
        Caption(f"coco:{a['image_id']}:{a['id']}", str(a["image_id"]), a["caption"].strip())
        for a in rows
    ]


def flickr():
    out = []
    with open(S / "flickr8k/captions.txt") as f:
        for i, r in enumerate(csv.DictReader(f)):
            out.append(Caption(f"flickr8k:{i}", r["image"], r["caption"].strip()))
    return out


for name, caps in (
    ("flickr8k", flickr()),
    ("val2017", coco("val2017")),
    ("val2014", coco("val2014")),
):
    t = time.time()
    parses = list(
        parse_texts(
            [c.text for c in caps],
            model=model_name(),
            batch_size=256,
        )
    )
    write_parses(Path(os.environ.get("I15_CACHE", "out/i15")) / f"{name}.parses", caps, parses)
    print(name, len(caps), time.time() - t, flush=True)
