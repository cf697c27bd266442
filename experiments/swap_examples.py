"""The swaps that the issue names, and which of `read_sample.py FOLDER swap 200 1` are refused (part F)."""

import random
import sys
from pathlib import Path

import pyarrow as pa
from corpora import block, span_of

from negatives.grammar.facts import lemmas_of, links_of, says_the_same
from negatives.models import model_name
from negatives.rules.swap import Swap
from negatives.spacy_parse import parse_texts
from negatives.words import lexicon as lexicons

LEX = lexicons.load()


def same(parse, edits):
    left, right = (span_of(parse, *e) for e in sorted(edits))
    links, lemmas = links_of(parse, LEX), lemmas_of(parse, LEX)
    return says_the_same(links, lemmas, left, right)


texts = [
    "A lady in purple and a lady in blue are walking.",
    "Two men and a woman are walking.",
    "A man with a beard wearing a beret and a tan coat.",
    "Some people are sitting while others stand.",
    "Some sit while others stand.",
    "A man is riding a surfboard on a big wave.",
    "A man in a red shirt chases a man in a blue shirt.",
    "A man with a red hat is wearing a blue coat.",
    "A woman in a red shirt stands next to a woman in a green shirt.",
]
rule = Swap(lexicon=LEX)
for text, parse in zip(texts, parse_texts(texts, model=model_name(), batch_size=16)):
    print(text)
    for slot in rule(parse):
        for edit in slot.alternatives:
            r = edit.replacements
            print(
                "   ",
                "SAME " if same(parse, [x[:2] for x in r]) else "other",
                slot.subtype,
                edit.apply(text),
            )
if len(sys.argv) > 1:
    parses = {c.text: p for c, p in block("flickr8k")}
    rows = []
    for path in sorted((Path(sys.argv[1]) / "data").glob("*.arrow")):
        with pa.memory_map(str(path)) as s:
            for row in pa.ipc.open_stream(s).read_all().to_pylist():
                rows += [(row["caption"], n) for n in row["negatives"] if n["rule"] == "swap"]
    random.Random(1).shuffle(rows)
    for k, (cap, n) in enumerate(rows[:200]):
        edits = [
            (e["start"], e["end"]) for e in n["edits"] if len(e["text"]) > 2 or len(n["edits"]) == 2
        ]
        if len(edits) == 2 and same(parses[cap], edits):
            print(k, cap, "=>", n["text"])
