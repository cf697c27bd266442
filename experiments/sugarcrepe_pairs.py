"""Human-checked replacements against words that mean the same (part B2), scores from Flickr8k."""

import json
import os
from pathlib import Path

import numpy as np
from corpora import CACHE, block, counted, halves
from halves import dense, matrices, vocabulary
from sklearn.metrics import roc_auc_score

from data.edits import edit_between
from negatives.exclusion.factors import factors_of, start_of
from negatives.exclusion.scores import Prior, posterior
from negatives.fluency.counts import table_of
from negatives.models import model_name
from negatives.spacy_parse import parse_texts
from negatives.words import lexicon as lexicons

LEX = lexicons.load()
SHARED = Path(os.environ.get("SHARED_DATA", "../shared/data"))
KIND = {
    "NN": "noun",
    "NNS": "noun",
    "JJ": "adj",
    "VBG": "verb",
    "VBZ": "verb",
    "VBN": "verb",
    "VB": "verb",
    "VBP": "verb",
    "VBD": "verb",
}
POS = {"noun": "NOUN", "adj": "ADJ", "verb": "VERB"}


def replaced():
    """Yield (kind, old lemma, new lemma, file) of one-word replacements of SugarCrepe."""
    rows = []
    for name in ("replace_obj", "replace_att", "replace_rel"):
        for v in json.loads((SHARED / f"sugar-crepe/{name}.json").read_text()).values():
            a, b = v["caption"].strip().rstrip("."), v["negative_caption"].strip().rstrip(".")
            x, y = a.lower().split(), b.lower().split()
            if len(x) == len(y) and sum(p != q for p, q in zip(x, y)) == 1:
                k = next(i for i, (p, q) in enumerate(zip(x, y)) if p != q)
                rows.append((name, a, b, k))
    model = model_name()
    pa = list(parse_texts([r[1] for r in rows], model=model, batch_size=256))
    pb = list(parse_texts([r[2] for r in rows], model=model, batch_size=256))
    for (name, a, b, k), p, q in zip(rows, pa, pb):

        def word(parse, text):
            at = len(" ".join(text.split()[:k])) + (k > 0)
            t = next((t for t in parse.tokens if t.start >= at), None)
            return t

        if " ".join(a.split()) != a or " ".join(b.split()) != b:
            continue
        s, t = word(p, a), word(q, b)
        if s and t and s.tag in KIND and KIND.get(s.tag) == KIND.get(t.tag):
            yield (
                KIND[s.tag],
                LEX.lemma(s.text.lower(), s.tag),
                LEX.lemma(t.text.lower(), t.tag),
                name,
            )


if __name__ == "__main__":
    found = {}
    for kind, a, b, name in replaced():
        if a != b:
            found.setdefault(kind, set()).add((min(a, b), max(a, b)))
    print({k: len(v) for k, v in found.items()})
    tally, numbering = counted(block("flickr8k"))
    table = table_of(tally)
    for kind in ("noun", "adj", "verb"):
        names, hashes, n = vocabulary(table, numbering, kind, 3)
        names, hashes = names[:2500], hashes[:2500]
        at = {w: k for k, w in enumerate(names)}
        V = len(names)
        i, j, (a, t, c, e) = matrices(table, kind, hashes, None)
        U = factors_of(dense(V, i, j, a), dense(V, i, j, e), start=start_of(hashes, 20), rounds=60)
        r20 = np.einsum("pk,pk->p", U[i], U[j]).astype(float)
        row = lambda x, y: (min(x, y) * (2 * V - min(x, y) - 1)) // 2 + max(x, y) - min(x, y) - 1
        known = [(x, y) for x, y in found[kind] if x in at and y in at]
        false = np.array([row(at[x], at[y]) for x, y in known])
        both_wordnet = sum(LEX.compatible(x, y, POS[kind]) for x, y in known)

        def first(w):
            found = LEX.senses.synsets(w, POS[kind])
            return found[0] if found else w

        tops = [first(w) for w in names]
        syn = np.array([k for k in range(len(i)) if tops[i[k]] == tops[j[k]]])
        chance = np.minimum(1, c / np.maximum(e, 1e-9))
        prior = np.maximum((chance + r20) / 2, 0.003)
        post = posterior(a, e, Prior(prior, 10.0))
        rho = posterior(a, c, Prior(1.0, 1.0))
        excess = posterior(np.maximum(a - c, 0), e, Prior(np.maximum(r20 / 2, 0.003), 10.0)).mean()
        scores = {
            "excess": excess,
            "overlap mean": post.mean(),
            "overlap q90": post.quantile(0.9),
            "ratio mean": rho.mean(),
            "ratio q90": rho.quantile(0.9),
            "rank 20": r20,
            "chance share": chance,
            "raw apart": a,
        }
        for least in (0, 10, 30):
            f, s = false[e[false] >= least], syn[e[syn] >= least]
            # Synonyms that were counted often enough to be known; how well do scores tell the two apart?
            y = np.r_[np.zeros(len(f)), np.ones(len(s))]
            print(
                kind,
                f"exposure >= {least}: {len(f)} of SugarCrepe's {len(found[kind])}, {len(s)} WordNet pairs; AUC:",
                ", ".join(
                    f"{k} {roc_auc_score(y, np.r_[v[f], v[s]]):.3f}" for k, v in scores.items()
                ),
            )
        for bound in (0.05, 0.1, 0.15, 0.2, 0.3):
            q = post.quantile(0.9)
            print(
                f"   q90 < {bound}: of SugarCrepe's {np.mean(q[false] < bound):.3f}, of WordNet's {np.mean(q[syn] < bound):.3f}; "
                f"mean < {bound}: {np.mean(post.mean()[false] < bound):.3f}, {np.mean(post.mean()[syn] < bound):.3f}"
            )
        worst = false[np.argsort(-post.mean()[false])][:30]
        print(
            "   highest of SugarCrepe:",
            "; ".join(
                f"{names[i[k]]}/{names[j[k]]} {post.mean()[k]:.2f} ({a[k]:.0f}/{e[k]:.0f})"
                for k in worst
            ),
        )
        low = syn[(e[syn] > 30)]
        low = low[np.argsort(post.mean()[low])][:30]
        print(
            "   lowest of WordNet:",
            "; ".join(
                f"{names[i[k]]}/{names[j[k]]} {post.mean()[k]:.3f} ({a[k]:.0f}/{e[k]:.0f})"
                for k in low
            ),
        )
