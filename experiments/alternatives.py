"""Classes beyond the hand-written ones (part C)."""

import json
from collections import Counter

import numpy as np
from corpora import CACHE, block, counted
from halves import dense, matrices, vocabulary

from cliques import joined, learned_classes
from negatives.exclusion.factors import factors_of, start_of
from negatives.exclusion.mentions import mentions_of
from profiles import profiles_of
from negatives.exclusion.scores import Prior, posterior
from negatives.fluency.counts import table_of
from negatives.guards.tables import overlaps
from negatives.guards.tables import words as guard_words
from negatives.words import lexicon as lexicons

LEX = lexicons.load()
POS = {"noun": "NOUN", "adj": "ADJ", "verb": "VERB"}
LEAST = {"noun": 5, "verb": 5, "adj": 5}
UPPER, EXCESS, LIKE = 0.1, 0.1, 0.5

found = block("flickr8k")
tally, numbering = counted(found)
table = table_of(tally)
N = numbering.names
uses = {k: Counter() for k in POS}
company = {k: Counter() for k in POS}
ids = {numbering.id_of(k): k for k in POS}
prefix = {}
for _, parse in found:
    for place, word in [
        (numbering.places[m], numbering.words[m])
        for m in mentions_of(parse, numbering, by_head=True)
    ]:
        if place in ids:
            uses[ids[place]][N[word]] += 1
        else:
            p = N[place]
            kind = (
                "noun"
                if p.startswith("noun")
                else "adj"
                if p.startswith("adj")
                else "verb"
                if p.startswith("verb")
                else None
            )
            if kind:
                company[kind][N[word], p] += 1
            if p.startswith("adj of "):
                company["noun"][p[7:], "with adj " + N[word]] += 1
            if p.startswith("verb of "):
                company["noun"][p[8:], "does " + N[word]] += 1
            if p.startswith("noun under "):
                company["verb"][p[11:], "with object " + N[word]] += 1

out = {}
for kind in POS:
    names, h, n = vocabulary(table, numbering, kind, LEAST[kind])
    light = (
        guard_words().light
        if kind == "noun"
        else guard_words().quantifiers
        if kind == "adj"
        else frozenset(
            {
                "be",
                "have",
                "do",
                "make",
                "take",
                "get",
                "go",
                "use",
                "look",
                "try",
                "appear",
                "seem",
            }
        )
    )
    V = len(names)
    at = {w: k for k, w in enumerate(names)}
    i, j, (a, t, c, e) = matrices(table, kind, h, None)
    U = factors_of(dense(V, i, j, a), dense(V, i, j, e), start=start_of(h, 20), rounds=60)
    r = np.einsum("pk,pk->p", U[i], U[j]).astype(float)
    prior = np.maximum((np.minimum(1, c / np.maximum(e, 1e-9)) + r) / 2, 0.003)
    post = posterior(a, e, Prior(prior, 10.0))
    excess = posterior(np.maximum(a - c, 0), e, Prior(np.maximum(r / 2, 0.003), 10.0))
    ok = (post.quantile(0.9) < UPPER) & (e >= 3)
    excl = np.zeros((V, V), bool)
    excl[i, j] = excl[j, i] = ok
    known = np.zeros((V, V), bool)
    for x in range(V):
        for w in overlaps().of(names[x], POS[kind]):
            if w in at:
                known[x, at[w]] = known[at[w], x] = True
        for y in range(x):
            if (
                names[x].endswith(" " + names[y])
                or names[y].endswith(" " + names[x])
                or LEX.compatible(names[x], names[y], POS[kind])
            ):
                known[x, y] = known[y, x] = True
    excl &= ~known
    places = {}
    keys = [
        (at[w], places.setdefault(p, len(places)), cnt)
        for (w, p), cnt in company[kind].items()
        if w in at
    ]
    word, place, cnt = np.array(keys).T
    prof = profiles_of(word, place, cnt, shape=(V, len(places)), rank=60)
    like = prof @ prof.T
    cls = [LEX.class_name(w, POS[kind]) for w in names]
    total = sum(uses[kind][w] for w in names if w not in light)
    covered = sum(uses[kind][w] for w in names if w not in light and cls[at[w]])
    # guard: pairs of hand-written classes that siblings say may be true together
    same = np.array([cls[x] != "" and cls[x] == cls[y] for x, y in zip(i, j)])
    bad = same & (excess.mean() > EXCESS) & (a >= 2)
    badder = same & (post.mean() > 0.15) & (a >= 2)
    print(
        f"== {kind}: {V} words; uses in a class now {covered / total:.3f}; class pairs {same.sum()}, refused by excess {bad.sum()}, by mean>.15 {badder.sum()}"
    )
    print(
        "   refused:",
        "; ".join(
            f"{names[i[k]]}/{names[j[k]]} {excess.mean()[k]:.2f} ({a[k]:.0f}/{e[k]:.0f})"
            for k in np.flatnonzero(bad | badder)[np.argsort(-excess.mean()[bad | badder])]
        ),
    )
    free = [
        x
        for x in range(V)
        if not cls[x] and names[x] not in light and names[x].replace(" ", "").isalpha()
    ]
    handmade = sorted({x for x in cls if x})
    members = [[x for x in range(V) if cls[x] == c] for c in handmade]
    joins = joined(like, excl, members, free, least=LIKE)
    rest = [x for x in free if x not in joins]
    sub = np.ix_(rest, rest)
    new = [[rest[x] for x in m] for m in learned_classes(like[sub], excl[sub], least=LIKE)]
    now = sum(uses[kind][names[x]] for x in joins) + sum(
        uses[kind][names[x]] for m in new for x in m
    )
    print(
        f"   free words {len(free)}; join a hand-written class {len(joins)}, in {len(new)} new classes {sum(map(len, new))}; uses in a class then {(covered + now) / total:.3f}"
    )
    print(
        "   joins:",
        "; ".join(f"{names[x]} -> {handmade[y]}" for x, y in sorted(joins.items())[:90]),
    )
    print(
        "   new:",
        " | ".join(
            ", ".join(names[x] for x in m)
            for m in sorted(new, key=lambda m: -sum(uses[kind][names[x]] for x in m))[:70]
        ),
    )
    out[kind] = {
        "joins": {names[x]: handmade[y] for x, y in joins.items()},
        "new": [[names[x] for x in m] for m in new],
    }
json.dump(out, open(CACHE / "learned_classes.json", "w"))
