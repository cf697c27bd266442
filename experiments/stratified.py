"""Ratio to chance within places (a noun's adjectives, a subject's verbs), pooled over places."""

import json
from collections import Counter, defaultdict

import numpy as np
from corpora import CACHE, block, counted

from negatives.exclusion.mentions import mentions_of
from evidence import evidence_of
from negatives.exclusion.scores import Prior, posterior
from negatives.fluency.counts import table_of
from negatives.words import lexicon as lexicons

LEX = lexicons.load()
found = block("flickr8k")
tally, numbering = counted(found)
table = table_of(tally)
N = numbering.names
said = defaultdict(Counter)
for _, parse in found:
    for place, word in {
        (numbering.places[m], numbering.words[m])
        for m in mentions_of(parse, numbering, by_head=True)
    }:
        said[place][word] += 1
H = numbering.hashes()
result = {}
for kind, prefixes, pos in (
    ("adj", ("adj of ",), "ADJ"),
    ("verb", ("verb of ",), "VERB"),
    ("noun", ("noun after ", "noun under "), "NOUN"),
):
    P, A, B = [], [], []
    for place, words in said.items():
        if not N[place].startswith(prefixes):
            continue
        w = sorted(w for w, c in words.items() if c >= 4)
        for x in range(len(w)):
            for y in range(x):
                P.append(place), A.append(w[y]), B.append(w[x])
    P, A, B = map(np.array, (P, A, B))
    step = 1 << 20
    parts = [
        evidence_of(table, H[P[s : s + step]], H[A[s : s + step]], H[B[s : s + step]])
        for s in range(0, len(P), step)
    ]
    a, t, c, e = (np.concatenate(x) for x in zip(*parts))
    base = len(N)
    key, inv = np.unique(A.astype(np.int64) * base + B, return_inverse=True)
    a, t, c, e = (np.bincount(inv, v) for v in (a, t, c, e))
    rho = posterior(a, c, Prior(1.0, 1.0))
    x, y = key // base, key % base
    sure = rho.below(0.6)
    order = np.argsort(-sure)
    print(
        kind,
        len(key),
        "pairs in places;",
        "P(ratio<.6)>.9:",
        (sure > 0.9).sum(),
        ">.8:",
        (sure > 0.8).sum(),
    )
    print(
        "  ",
        "; ".join(
            f"{N[x[k]]}/{N[y[k]]} {rho.mean()[k]:.2f} ({a[k]:.0f}/{c[k]:.1f})" for k in order[:60]
        ),
    )
    cls = lambda w: LEX.class_name(w, pos)
    free = [k for k in order if not (cls(N[x[k]]) and cls(N[x[k]]) == cls(N[y[k]])) and c[k] > 1]
    print(
        "   not of one class:",
        "; ".join(
            f"{N[x[k]]}/{N[y[k]]} {rho.mean()[k]:.2f} ({a[k]:.0f}/{c[k]:.1f})" for k in free[:60]
        ),
    )
    same = [k for k in order if cls(N[x[k]]) and cls(N[x[k]]) == cls(N[y[k]])]
    print(
        "   one class:",
        len(same),
        "with chance>=3:",
        sum(c[k] >= 3 for k in same),
        "ratio pooled",
        a[same].sum() / c[same].sum(),
        "others",
        (a.sum() - a[same].sum()) / (c.sum() - c[same].sum()),
    )
