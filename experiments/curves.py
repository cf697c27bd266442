"""Decision rules on one half of the images, judged on the other (part B3)."""

import os
import numpy as np

from negatives.exclusion.scores import Prior, posterior

CACHE = os.environ.get("I15_CACHE", "out/i15")


def prior_of(d):
    chance = np.minimum(1, d["cA"] / np.maximum(d["eA"], 1e-9))
    p = (chance + d["r20"]) / 2
    return np.maximum(p, 0.003)


for kind in ("noun", "verb", "adj"):
    d = np.load(f"{CACHE}/halves_{kind}.npz")
    p = prior_of(d)
    mu = d["aA"].sum() / d["eA"].sum()
    base = np.where(d["aB"] > 0, d["aB"] * np.log(mu * np.maximum(d["eB"], 1e-9)), 0) - mu * d["eB"]
    for w in (3, 10, 20, 40):
        m = posterior(d["aA"], d["eA"], Prior(p, w)).mean()
        g = np.where(d["aB"] > 0, d["aB"] * np.log(m * np.maximum(d["eB"], 1e-9)), 0) - m * d["eB"]
        print(kind, "prior (chance + rank 20)/2, weight", w, "gain", round((g - base).sum()))
    post = posterior(d["aA"], d["eA"], Prior(p, 10))
    upper = post.quantile(0.9)
    mean = post.mean()
    minn = np.minimum(d["n"][d["i"]], d["n"][d["j"]])
    rules = {}
    for t in (0.03, 0.05, 0.08, 0.1, 0.15, 0.2, 0.3):
        rules[f"q90 < {t}"] = upper < t
    for t in (0.05, 0.1, 0.15, 0.2):
        rules[f"mean < {t}"] = mean < t
    rho = posterior(d["aA"], d["cA"], Prior(1.0, 1.0))
    rules["P(ratio<.6)>.9"] = rho.below(0.6) > 0.9
    rules["ratio q90 < 1"] = rho.quantile(0.9) < 1
    rules["ratio mean<1.5"] = rho.mean() < 1.5
    for title, among in (
        ("all pairs", np.ones(len(p), bool)),
        ("one hand-written class", d["same"]),
        ("WordNet-compatible", d["syn"]),
        ("rarer word < 20 images", minn < 20),
        ("rarer word >= 100", minn >= 100),
    ):
        sure = (d["eB"] >= 10) & among
        tB = d["aB"] / np.maximum(d["eB"], 1e-9)
        truly, falsely = sure & (tB < 0.1), sure & (tB >= 0.2)
        print(
            f"{kind}: {title}: {among.sum()} pairs, overlap on B {d['aB'][among].sum() / d['eB'][among].sum():.3f}; "
            f"surely exclusive {truly.sum()}, overlapping {falsely.sum()}"
        )
        for name, rule in rules.items():
            a = rule & among
            eb = d["eB"][a].sum()
            print(
                f"    {name:16s} accepts {a.sum() / among.sum():.3f}  overlap on B {d['aB'][a].sum() / max(eb, 1e-9):.4f}"
                f"  recall of exclusive {(rule & truly).sum() / max(1, truly.sum()):.3f}"
                f"  of overlapping accepted {(rule & falsely).sum() / max(1, falsely.sum()):.3f}"
            )
