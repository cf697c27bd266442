"""Does the head help? Overlap in a place with its head ("adj of shirt"), backed off to the kind."""

from collections import defaultdict

import numpy as np
from corpora import block, counted, halves

from negatives.exclusion.mentions import Numbering, mentions_of
from evidence import evidence_of, words_of
from negatives.exclusion.scores import Prior, posterior
from negatives.fluency.counts import table_of

found = block("flickr8k")
tally, numbering = counted(found, fold=halves)
table = table_of(tally)
# Places with their words, by number of captions
said = defaultdict(lambda: defaultdict(int))
for _, parse in found:
    for place, word in {
        (numbering.places[m], numbering.words[m])
        for m in mentions_of(parse, numbering, by_head=True)
    }:
        said[place][word] += 1
H = numbering.hashes()
N = numbering.names
for kind, above in (
    ("adj of", "adj"),
    ("verb of", "verb"),
    ("noun under", "noun"),
    ("noun after", "noun"),
):
    P, A, B, G = [], [], [], []
    for place, words in said.items():
        if not N[place].startswith(kind + " "):
            continue
        w = sorted((w for w, c in words.items() if c >= 8), key=lambda w: -words[w])[:60]
        for x in range(len(w)):
            for y in range(x):
                P.append(place), A.append(w[x]), B.append(w[y])
    P, A, B = map(np.array, (P, A, B))
    e1 = evidence_of(table, H[P], H[A], H[B], without=1)
    e2 = evidence_of(table, H[P], H[A], H[B], without=0)
    mu = e1.apart.sum() / e1.exposure.sum()
    chance = np.minimum(1, e1.chance / np.maximum(e1.exposure, 1e-9))

    def gain(m):
        m = np.clip(m, 1e-4, None)
        return ((e2.apart * np.log(m / mu)) - (m - mu) * e2.exposure).sum()

    print(kind, len(P), "pairs; overlap", round(mu, 4), "sightings", e2.apart.sum())
    print(
        "   chance of place",
        round(gain(chance)),
        "+own w10",
        round(
            gain(posterior(e1.apart, e1.exposure, Prior(np.maximum(chance, 0.003), 10.0)).mean())
        ),
    )
    if above:
        pl = np.full(len(P), numbering.id_of(above))
        k = evidence_of(
            table, H[pl] if len(H) == len(N) else numbering.hashes()[pl], H[A], H[B], without=1
        )
        kc = np.minimum(1, k.chance / np.maximum(k.exposure, 1e-9))
        km = posterior(k.apart, k.exposure, Prior(np.maximum(kc, 0.003), 10.0)).mean()
        for w in (5, 20, 50):
            print(
                f"   kind {gain(km):.0f}, kind scaled {gain(km * (e1.apart.sum() / (km * e1.exposure).sum())):.0f}, kind + own w={w}: {gain(posterior(e1.apart, e1.exposure, Prior(km, w)).mean()):.0f}"
            )
        own = posterior(e1.apart, e1.exposure, Prior(km, 20.0))
        enough = (e1.exposure > 15) & (k.exposure > 15)
        diff = np.log(own.mean() / km)
        order = np.argsort(diff[enough])
        idx = np.flatnonzero(enough)[order]
        for which in (idx[:12], idx[-12:]):
            print(
                "   ",
                "; ".join(
                    f"{N[P[q]]}: {N[A[q]]}/{N[B[q]]} {km[q]:.2f}->{own.mean()[q]:.2f} (B {e2.apart[q]:.0f}/{e2.exposure[q]:.0f})"
                    for q in which
                ),
            )
    else:
        m = posterior(e1.apart, e1.exposure, Prior(np.maximum(chance, 0.003), 10.0))
        idx = np.flatnonzero(e1.exposure + e2.exposure > 20)
        idx = idx[np.argsort(m.mean()[idx])]
        for which in (idx[:25], idx[-15:]):
            print(
                "   ",
                "; ".join(
                    f"{N[P[q]]}: {N[A[q]]}/{N[B[q]]} {m.mean()[q]:.2f} (B {e2.apart[q]:.0f}/{e2.exposure[q]:.0f})"
                    for q in which
                ),
            )
