"""Never-counted pairs: seen in held-out images or not (part E). AUC by frequency of the word."""

from collections import Counter

import numpy as np
import scipy.sparse
import scipy.sparse.linalg
from corpora import block, halves
from sklearn.metrics import roc_auc_score

from resemblance import company_of, support_of
from negatives.fluency.captions import index_caption
from negatives.fluency.words import Words
from negatives.words import lexicon as lexicons
import zlib

words = Words(lexicons.load())
pairs, beside = [], []
for c, p in block("flickr8k"):
    v = index_caption(p, words)
    fold = zlib.crc32(c.image.encode()) % 5
    tok = p.tokens
    for r, h, d in v.pairs:
        if tok[h].pos in {"NOUN", "VERB", "ADJ"} and tok[d].pos in {"NOUN", "VERB", "ADJ"}:
            pairs.append((fold, r, v.row[v.position[h]], v.row[v.position[d]]))
    ids = sorted({v.row[v.position[i]] for i in v.content})
    beside += [(fold, "beside", a, b) for a in ids for b in ids if a != b]
rng = np.random.default_rng(0)
for title, rows in (("pairs", pairs), ("beside", beside)):
    train, test = Counter(), set()
    companies = {}
    if title == "pairs":
        items = [
            (f, w, x) for f, r, h, d in rows for w, x in ((d, (r, "of", h)), (h, (r, "takes", d)))
        ]
    else:
        items = [(f, a, b) for f, _, a, b in rows]
    for f, w, x in items:
        if f:
            train[w, x] += 1
    for f, w, x in items:
        if not f and (w, x) not in train:
            test.add((w, x))
    freq, cfreq = Counter(), Counter()
    for (w, x), n in train.items():
        freq[w] += n
        cfreq[x] += n
    W = {w: k for k, w in enumerate(sorted(w for w, n in freq.items() if n >= 3))}
    X = {x: k for k, x in enumerate(sorted((x for x, n in cfreq.items() if n >= 3), key=str))}
    entries = [(W[w], X[x], n) for (w, x), n in train.items() if w in W and x in X]
    w, x, n = np.array(entries).T
    shape = (len(W), len(X))
    known = company_of(w, x, n, shape=shape)
    held = [(W[a], X[b]) for a, b in test if a in W and b in X]
    hw, hx = np.array(held).T
    seen = {(int(a), int(b)) for a, b in zip(w, x)} | set(held)
    # negatives: the same companies with words drawn by their frequency in the same relation
    wf = np.bincount(w, n, shape[0])
    if title == "pairs":
        rel = [None] * len(X)
        for key, k in X.items():
            rel[k] = (key[0], key[1])
        byrel = {}
        for a, b, c in zip(w, x, n):
            byrel.setdefault(rel[b], Counter())[a] += c
        pool = {r: (np.array(list(c)), np.array(list(c.values()), float)) for r, c in byrel.items()}
        nw, nx = [], []
        for b in hx:
            ids, fr = pool[rel[b]]
            for a in rng.choice(ids, 3, p=fr / fr.sum()):
                if (int(a), int(b)) not in seen:
                    nw.append(a), nx.append(b)
                    break
    else:
        nw, nx = [], []
        draws = rng.choice(shape[0], (len(hx), 3), p=wf / wf.sum())
        for b, d in zip(hx, draws):
            for a in d:
                if (int(a), int(b)) not in seen and a != b:
                    nw.append(a), nx.append(b)
                    break
    nw, nx = np.array(nw), np.array(nx)
    y = np.r_[np.ones(len(hw)), np.zeros(len(nw))]
    aw, ax = np.r_[hw, nw], np.r_[hx, nx]
    cf = np.bincount(x, n, shape[1])
    scores = {
        "frequency": np.log(wf[aw] + 0.5),
        "frequency x company": np.log(wf[aw] + 0.5) + np.log(cf[ax] + 0.5),
        "support": support_of(known, aw, ax),
    }
    # the share of seen words expected by chance: by frequency of the company
    degree = np.asarray(known.seen.sum(axis=0)).ravel() / shape[0]
    scores["support / chance"] = np.log(scores["support"] + 0.01) - np.log(degree[ax] + 0.01)
    total = wf.sum()
    M = scipy.sparse.csr_array((n.astype(float), (w, x)), shape=shape)
    co = M.tocoo()
    cs = cf**0.75 / (cf**0.75).sum()
    pmi = np.log(co.data / (wf[co.row] * cs[co.col]))
    P = scipy.sparse.csr_array((np.maximum(pmi, 0), (co.row, co.col)), shape=shape)
    L = scipy.sparse.csr_array((np.log1p(co.data), (co.row, co.col)), shape=shape)
    for name, mat in (("svd ppmi", P), ("svd log counts", L)):
        for rank in (30, 100, 200):
            u, s, vt = scipy.sparse.linalg.svds(mat, k=rank, v0=np.ones(min(shape)))
            scores[f"{name} {rank}"] = np.einsum("ij,ij->i", u[aw] * s, vt.T[ax])
    print(
        title,
        shape,
        "counted pairs",
        len(w),
        "held-out pairs never counted",
        len(hw),
        "against",
        len(nw),
    )
    for name, sc in scores.items():
        line = f"   {name:22s} AUC {roc_auc_score(y, sc):.3f}  by frequency of the word:"
        for lo, hi in ((3, 10), (10, 50), (50, 300), (300, 10**9)):
            k = (wf[aw] >= lo) & (wf[aw] < hi)
            line += f"  {lo}+ {roc_auc_score(y[k], sc[k]):.3f}"
        print(line)
    sup = scores["support"]
    for t in (0.02, 0.05, 0.1, 0.15, 0.2, 0.3):
        print(
            f"   support >= {t}: of held-out {np.mean(sup[y == 1] >= t):.3f}, of random {np.mean(sup[y == 0] >= t):.3f}"
        )
