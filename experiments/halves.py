"""Cross-validation over halves of the images (part B3): smoothing, rules, their cost."""

import sys

import numpy as np
from corpora import CACHE, block, counted, halves

from negatives.exclusion.factors import factors_of, start_of
from evidence import evidence_of, words_of
from negatives.exclusion.scores import Prior, posterior
from negatives.fluency.counts import table_of
from negatives.fluency.words import hash_of
from negatives.words import lexicon as lexicons

LEXICON = lexicons.load()
POS = {"noun": "NOUN", "adj": "ADJ", "verb": "VERB"}


def vocabulary(table, numbering, kind, least):
    names = np.array(numbering.names, dtype=object)
    h = numbering.hashes()
    place = np.full(len(h), hash_of(kind), np.uint64)
    n = words_of(table, place, h).images
    kept = np.flatnonzero(n >= least)
    kept = kept[np.argsort(-n[kept])]
    return list(names[kept]), h[kept], n[kept]


def matrices(table, kind, hashes, without):
    V = len(hashes)
    i, j = np.triu_indices(V, 1)
    place = np.full(len(i), hash_of(kind), np.uint64)
    out = []
    step = 1 << 20
    parts = [
        evidence_of(
            table,
            place[s : s + step],
            hashes[i[s : s + step]],
            hashes[j[s : s + step]],
            without=without,
        )
        for s in range(0, len(i), step)
    ]
    return i, j, [np.concatenate(c) for c in zip(*parts)]


def dense(V, i, j, values):
    m = np.zeros((V, V), np.float32)
    m[i, j] = values
    m[j, i] = values
    return m


def loglik(count, expected, ratio):
    mean = np.maximum(expected * ratio, 1e-12)
    return count * np.log(mean) - mean


if __name__ == "__main__":
    tally, numbering = counted(block("flickr8k"), fold=halves)
    table = table_of(tally)
    for kind, least in (("noun", 8), ("verb", 8), ("adj", 8)):
        names, hashes, n = vocabulary(table, numbering, kind, least)
        V = len(names)
        i, j, (aA, tA, cA, eA) = matrices(table, kind, hashes, 1)
        _, _, (aB, tB, cB, eB) = matrices(table, kind, hashes, 0)
        mu = aA.sum() / eA.sum()
        cls = [LEXICON.class_name(w, POS[kind]) for w in names]
        ids = {c: k for k, c in enumerate(sorted(set(cls)))}
        c = np.array([ids[x] for x in cls])
        same = (c[i] == c[j]) & (c[i] != ids.get("", -1))
        syn = np.array([LEXICON.compatible(names[p], names[q], POS[kind]) for p, q in zip(i, j)])
        print(
            f"== {kind}: {V} words, {len(i)} pairs, {same.sum()} of one class, "
            f"{syn.sum()} WordNet-compatible; mean overlap {mu:.4f}, same class "
            f"{aA[same].sum() / eA[same].sum():.4f}, compatible {aA[syn].sum() / eA[syn].sum():.4f}"
        )
        base = loglik(aB, eB, mu)
        preds = {}
        # word level: product of word means
        num = np.bincount(i, aA, V) + np.bincount(j, aA, V)
        den = np.bincount(i, eA, V) + np.bincount(j, eA, V)
        w = (num + 5 * mu) / (den + 5)
        preds["words"] = w[i] * w[j] / mu
        gen = np.random.default_rng(0)
        A, E = dense(V, i, j, aA), dense(V, i, j, eA)
        for rank in (5, 20, 50):
            U = factors_of(A, E, start=start_of(hashes, rank), rounds=60)
            preds[f"rank {rank}"] = np.einsum("pk,pk->p", U[i], U[j]).astype(float)
        # mixture: chance as expected share
        preds["chance"] = np.minimum(1, cA / np.maximum(eA, 1e-9))
        print(f"   held-out gain in nats over the mean ({int(aB.sum())} sightings):")
        for name, p in preds.items():
            p = np.maximum(p, mu * 0.02)
            raw = loglik(aB, eB, p).sum() - base.sum()
            line = f"   {name:9s} alone {raw:9.0f}; with own counts:"
            for weight in (1, 3, 10, 30):
                post = posterior(aA, eA, Prior(p, weight)).mean()
                line += f"  w={weight}: {loglik(aB, eB, post).sum() - base.sum():9.0f}"
            print(line)
        np.savez_compressed(
            CACHE / f"halves_{kind}.npz",
            i=i,
            j=j,
            aA=aA,
            tA=tA,
            cA=cA,
            eA=eA,
            aB=aB,
            tB=tB,
            cB=cB,
            eB=eB,
            same=same,
            syn=syn,
            n=n,
            names=np.array(names, dtype=str),
            r20=preds["rank 20"],
            r50=preds["rank 50"],
            words=preds["words"],
        )
