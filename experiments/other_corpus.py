"""Pairs scored on Flickr8k, judged on COCO's val2017 and the other way round (part B, held-out corpus)."""

import numpy as np
from corpora import block, counted
from halves import dense, matrices, vocabulary

from negatives.exclusion.factors import factors_of, start_of
from negatives.exclusion.scores import Prior, posterior
from negatives.fluency.counts import table_of

tables = {name: counted(block(name)) for name in ("flickr8k", "val2017")}
for one, other in (("flickr8k", "val2017"), ("val2017", "flickr8k")):
    (t1, n1), (t2, n2) = tables[one], tables[other]
    t1, t2 = table_of(t1), table_of(t2)
    for kind in ("noun", "verb", "adj"):
        names, h, n = vocabulary(t1, n1, kind, 5)
        i, j, (a, t, c, e) = matrices(t1, kind, h, None)
        _, _, (a2, tt2, c2, e2) = matrices(t2, kind, h, None)
        V = len(h)
        U = factors_of(dense(V, i, j, a), dense(V, i, j, e), start=start_of(h, 20), rounds=60)
        r = np.einsum("pk,pk->p", U[i], U[j]).astype(float)
        prior = np.maximum((np.minimum(1, c / np.maximum(e, 1e-9)) + r) / 2, 0.003)
        post = posterior(a, e, Prior(prior, 10.0))
        q = post.quantile(0.9)
        print(f"{one} -> {other} {kind}: {V} words, overlap there {a2.sum() / e2.sum():.3f}")
        edges = [0, 0.03, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 99]
        for lo, hi in zip(edges, edges[1:]):
            k = (q >= lo) & (q < hi)
            print(
                f"    q90 in [{lo}, {hi}): {k.mean():.3f} of pairs, {e2[k].sum() / e2.sum():.3f} of exposure; overlap there {a2[k].sum() / max(1e-9, e2[k].sum()):.3f} ({a2[k].sum():.0f} sightings)"
            )
