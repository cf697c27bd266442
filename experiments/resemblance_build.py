"""A build whose `known` also counts pairs that are known by resemblance (part E).

    resemblance_build.py MODEL_FOLDER OUT SHARE [build options]

SHARE: how many of random, never-counted pairs may pass as known (the threshold is set to that).
Patches the features in memory; the library has no hook for it.
"""

import inspect
import sys
from pathlib import Path

import numpy as np
import scipy.sparse
import scipy.sparse.linalg
from corpora import block

import negatives.fluency.associations as associations
import negatives.fluency.features as features
from negatives.fluency.captions import index_caption
from negatives.fluency.counting import BESIDE, DEPENDANT, HEAD
from negatives.fluency.folds import keys_of
from negatives.fluency.words import Words, hash_of
from negatives.scorers import corpus_model, words as process_words
from negatives.words import lexicon as lexicons

FOLDS = 5


def factors(rows, columns, counts, rank):
    """Return hashes and factors of rows and columns by SVD of PPMI."""
    ur, r = np.unique(rows, return_inverse=True)
    uc, c = np.unique(columns, return_inverse=True)
    M = scipy.sparse.csr_array((counts.astype(float), (r, c)), shape=(len(ur), len(uc)))
    wf = np.asarray(M.sum(axis=1)).ravel()
    cf = np.asarray(M.sum(axis=0)).ravel() ** 0.75
    co = M.tocoo()
    pmi = np.log(co.data / (wf[co.row] * cf[co.col] / cf.sum()))
    P = scipy.sparse.csr_array((np.maximum(pmi, 0), (co.row, co.col)), shape=M.shape)
    u, s, vt = scipy.sparse.linalg.svds(P, k=rank, v0=np.ones(min(M.shape)))
    return ur, (u * s).astype(np.float32), uc, vt.T.astype(np.float32)


def dots(model, rows, columns):
    ur, u, uc, v = model
    r = np.minimum(np.searchsorted(ur, rows), len(ur) - 1)
    c = np.minimum(np.searchsorted(uc, columns), len(uc) - 1)
    ok = (ur[r] == rows) & (uc[c] == columns)
    out = np.full(len(rows), -1.0, np.float32)
    for low in range(0, len(rows), 1 << 15):
        k = slice(low, low + (1 << 15))
        out[k] = np.where(ok[k], np.einsum("ij,ij->i", u[r[k]], v[c[k]]), -1.0)
    return out


class Resemblance:
    def __init__(self, folder, limit, share):
        found = block("flickr8k", limit=limit)
        words = Words(lexicons.load())
        folds = corpus_model(Path(folder)).folds.of(keys_of([c for c, _ in found]))
        pf, pr, ph, pd, bf, ba, bb = [], [], [], [], [], [], []
        for (_, parse), fold in zip(found, folds.tolist()):
            v = index_caption(parse, words)
            for rel, h, d in v.pairs:
                (
                    pf.append(fold),
                    pr.append(words.id_of(rel)),
                    ph.append(v.row[v.position[h]]),
                    pd.append(v.row[v.position[d]]),
                )
            ids = sorted({v.row[v.position[i]] for i in v.content})
            for a in ids:
                for b in ids:
                    if a != b:
                        bf.append(fold), ba.append(a), bb.append(b)
        H = words.hashes()
        pf, pr, ph, pd = np.array(pf), H[pr], H[ph], H[pd]
        bf, ba, bb = np.array(bf), H[ba], H[bb]
        rows = np.concatenate([pd, ph])
        cols = np.concatenate([HEAD.keys(pr, ph), DEPENDANT.keys(pr, pd)])
        fold2 = np.concatenate([pf, pf])
        self.pairs, self.beside, self.theta = [], [], []
        rng = np.random.default_rng(0)
        for fold in range(FOLDS):
            k = fold2 != fold
            self.pairs.append(self._counted(rows[k], cols[k], 100))
            kb = bf != fold
            self.beside.append(self._counted(ba[kb], bb[kb], 30))
            thetas = []
            for model, r, c in (
                (self.pairs[-1], rows[k], cols[k]),
                (self.beside[-1], ba[kb], bb[kb]),
            ):
                a, b = rng.choice(len(r), 20000), rng.choice(len(c), 20000)
                counted = set(zip(r.tolist(), c.tolist()))
                sc = dots(model, r[a], c[b])
                new = np.array(
                    [(x, y) not in counted for x, y in zip(r[a].tolist(), c[b].tolist())]
                )
                thetas.append(float(np.quantile(sc[new], 1 - share)))
            self.theta.append(thetas)
        print("thresholds", self.theta, flush=True)

    @staticmethod
    def _counted(r, c, rank):
        key, n = np.unique(np.stack((r, c)), axis=1, return_counts=True)
        return factors(key[0], key[1], n, rank)

    def known(self, kind, fold, rows, cols):
        out = np.zeros(len(rows), bool)
        for f in range(FOLDS):
            k = np.flatnonzero(fold == f)
            if len(k):
                out[k] = (
                    dots((self.pairs if kind == 0 else self.beside)[f], rows[k], cols[k])
                    >= self.theta[f][kind]
                )
        return out


def patch(resemblance):
    associations.RES = resemblance
    spans = inspect.getsource(associations.add_spans).replace(
        '        ("unseen pairs", together == 0, slice(None)),',
        '        ("unseen pairs", together == 0, slice(None)),\n'
        '        ("resembled", (together == 0) & _near(relation, fixed, new, is_head, rows.fold), slice(None)),',
    )
    assert "resembled" in spans
    beside = inspect.getsource(associations.add_beside).replace(
        '    columns["asked"]',
        '    columns["resembled"] += np.bincount(rows.candidate, (together == 0) & RES.known(1, rows.fold, hashes[changed], hashes[other]), num)\n    columns["asked"]',
    )
    assert "resembled" in beside
    near = (
        "def _near(relation, fixed, new, is_head, fold):\n"
        "    company = np.where(is_head, HEAD.keys(relation, fixed), DEPENDANT.keys(relation, fixed))\n"
        "    return RES.known(0, fold, new, company)\n"
    )
    exec(near + spans + beside, associations.__dict__)
    features.add_spans, features.add_beside = associations.add_spans, associations.add_beside
    of = (
        inspect.getsource(features.features_of)
        .replace('(*FEATURES, "asked")', '(*FEATURES, "asked", "resembled")')
        .replace('columns["unseen beside"]\n', 'columns["unseen beside"] - columns["resembled"]\n')
    )
    assert '- columns["resembled"]' in of
    exec(of, features.__dict__)
    import negatives.fluency.corpus as corpus

    corpus.features_of = features.features_of


if __name__ == "__main__":
    folder, out, share, *rest = sys.argv[1:]
    if float(share) > 0:
        patch(
            Resemblance(
                Path(folder) / "fluency" if (Path(folder) / "fluency").is_dir() else folder,
                20000,
                float(share),
            )
        )
    from negatives.cli import cli

    cli(["build", "--fluency-from", folder, "--out", out, "--quiet", "--resume", "never", *rest])
