"""A rule that offers any word known to fill the place and to exclude the caption's own (part C).

Reads CACHE/fillers.json, which `python experiments/fillers.py` makes from the parsed corpus.
"""

import json
import os
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from negatives.parse import Parse
from negatives.slots import Slot, Substitutes
from negatives.words.lexicon import Lexicon

CACHE = Path(os.environ.get("I15_CACHE", "out/i15"))
TAGS = {"NN": "noun", "NNS": "noun", "JJ": "adj", "VBG": "verb", "VBZ": "verb"}
ROLES = {"noun": ("dobj", "pobj", "nsubj", "ROOT", "conj"), "adj": ("amod",), "verb": None}
SUB = {"noun": "obj", "adj": "att", "verb": "act"}
POS = {"noun": "NOUN", "adj": "ADJ", "verb": "VERB"}
DETERMINED = {"det", "poss", "nummod"}
LEAST = 2


def determiner(tokens, index, first):
    for k in range(first - 1, max(-1, index - 6), -1):
        if tokens[k].head == index and tokens[k].dep in DETERMINED:
            w = tokens[k].text.lower()
            return "a" if w in {"a", "an", "one"} else "the"
    return "bare"


def places(tokens, lexicon):
    """Yield (index, kind, place, form) of the words that a rule may replace."""
    children = defaultdict(list)
    for k, t in enumerate(tokens):
        if t.head != k:
            children[t.head].append(k)
    for k, t in enumerate(tokens):
        kind = TAGS.get(t.tag)
        if kind is None or not t.text.isalpha():
            continue
        if (
            k + 1 < len(tokens)
            and tokens[k + 1].text in {"-", "/"}
            or k
            and tokens[k - 1].text in {"-", "/"}
        ):
            continue
        above = tokens[t.head]
        head = lexicon.lemma(above.text.lower(), above.tag)
        if kind == "noun":
            if t.pos != "NOUN" or any(tokens[c].dep in {"compound", "nmod"} for c in children[k]):
                continue
            if k + 1 < len(tokens) and tokens[k + 1].tag in {"NN", "NNS"}:
                continue
            form = t.tag + " " + determiner(tokens, k, k)
            if t.dep == "pobj":
                g = tokens[above.head]
                if form.endswith("bare") and t.tag == "NN":
                    continue
                yield k, kind, f"{above.text.lower()} {lexicon.lemma(g.text.lower(), g.tag)}", form
            elif t.dep in {"dobj", "nsubj"} and above.tag[:2] == "VB":
                yield k, kind, f"{t.dep} {head}", form
            elif t.dep == "ROOT" or (t.dep == "nsubj"):
                under = [c for c in children[k] if tokens[c].dep in {"acl", "prep"}]
                if under:
                    yield (
                        k,
                        kind,
                        f"has {lexicon.lemma(tokens[under[0]].text.lower(), tokens[under[0]].tag)}",
                        form,
                    )
        elif kind == "adj" and t.dep == "amod" and t.head > k:
            yield k, kind, f"amod {head}", "JJ"
        elif kind == "verb" and t.pos == "VERB":
            subject = next((c for c in children[k] if tokens[c].dep == "nsubj"), None)
            who = t.head if t.dep in {"acl", "relcl"} else subject
            if who is None:
                continue
            deps = [
                (c, tokens[c].dep)
                for c in children[k]
                if tokens[c].dep in {"dobj", "prep", "prt", "advmod", "xcomp"}
            ]
            frame = " ".join(d if d != "prep" else tokens[c].text.lower() for c, d in deps[:2])
            obj = next(
                (
                    lexicon.lemma(tokens[c].text.lower(), tokens[c].tag)
                    for c, d in deps
                    if d == "dobj"
                ),
                "",
            )
            yield (
                k,
                kind,
                f"does {lexicon.lemma(tokens[who].text.lower(), tokens[who].tag)} {frame} {obj}",
                t.tag,
            )


@cache
def table():
    data = json.loads((CACHE / "fillers.json").read_text())
    excl = {k: {w: frozenset(v) for w, v in m.items()} for k, m in data["excludes"].items()}
    return data["fillers"], excl, {k: Counter(v) for k, v in data["forms"].items()}


@dataclass(frozen=True, kw_only=True, slots=True)
class Fillers:
    """ "a man playing a guitar" -> "a man playing a trumpet".

    One slot a word whose place others are known to fill.
    """

    lexicon: Lexicon

    def __call__(self, parse: Parse) -> Iterator[Slot]:
        fillers, excludes, forms = table()
        tokens = parse.tokens
        children = defaultdict(list)
        for q, t in enumerate(tokens):
            if t.head != q:
                children[t.head].append(q)
        said = {self.lexicon.lemma(t.text.lower(), t.tag) for t in tokens}
        for k, kind, place, form in places(tokens, self.lexicon):
            found = fillers.get(f"{kind}|{place}")
            if not found:
                continue
            t = tokens[k]
            own = self.lexicon.lemma(t.text.lower(), t.tag)
            # own counts without this image's: at least LEAST others
            if found.get(own, 0) < LEAST + 1:
                continue
            allowed = excludes[kind].get(own, frozenset())
            mine = self.lexicon.word_class(own, POS[kind])
            under = [tokens[q] for q in children[k]]
            if kind == "noun" and any(u.text.lower() == "of" for u in under):
                continue
            needs = []  # pairs with what hangs on the word, which the alternative must have been seen in
            for q in children[k]:
                u = tokens[q]
                low = self.lexicon.lemma(u.text.lower(), u.tag)
                if kind == "noun" and u.dep == "amod":
                    needs.append(lambda v, low=low: low in fillers.get(f"adj|amod {v}", ()))
                elif kind == "noun" and u.dep == "acl":
                    needs.append(lambda v, low=low: v in fillers.get(f"noun|nsubj {low}", ()))
                elif u.dep == "prep":
                    for c in children[q]:
                        if tokens[c].dep == "pobj":
                            obj = self.lexicon.lemma(tokens[c].text.lower(), tokens[c].tag)
                            needs.append(
                                lambda v, obj=obj, prep=u.text.lower(): (
                                    obj in fillers.get(f"noun|{prep} {v}", ())
                                )
                            )
                elif kind == "verb" and u.dep in {"ccomp", "advcl", "dative", "oprd"}:
                    needs.append(lambda v: False)
            texts = []
            for lemma, n in found.items():
                if n < LEAST + 1 or lemma not in allowed or lemma in mine or lemma in said:
                    continue
                if kind == "noun" and forms[form][lemma] < 3:
                    continue
                if kind == "adj" and (
                    not family(self.lexicon, own)
                    or family(self.lexicon, own) != family(self.lexicon, lemma)
                ):
                    continue
                if not all(need(lemma) for need in needs):
                    continue
                text = self.lexicon.inflect(lemma, t.tag)
                if text and self.lexicon.lemma(text, t.tag) == lemma:
                    texts.append(text)
            if texts:
                yield Slot(
                    "fillers",
                    "replace",
                    SUB[kind],
                    Substitutes(t.start, t.end, tuple(sorted(texts))),
                )


def family(lexicon, word):
    from negatives.rules.swap import _FAMILY

    name = lexicon.class_name(word, "ADJ")
    return _FAMILY.get(name, name)


def make():
    sys.path.insert(0, "experiments")
    import numpy as np
    from corpora import block, counted
    from halves import dense, matrices, vocabulary

    from negatives.exclusion.factors import factors_of, start_of
    from negatives.exclusion.scores import Prior, posterior
    from negatives.fluency.counts import table_of
    from negatives.guards.tables import overlaps
    from negatives.guards.tables import words as guard_words
    from negatives.words import lexicon as lexicons

    lex = lexicons.load()
    found = block("flickr8k")
    if os.environ.get("HOLD_OUT"):  # the last caption of each image, for held_out_truth.py
        found = [row for k, row in enumerate(found[:-1]) if found[k + 1][0].image == row[0].image]
    fillers, forms, seen = defaultdict(Counter), defaultdict(Counter), set()
    for c, parse in found:
        for k, kind, place, form in places(parse.tokens, lex):
            t = parse.tokens[k]
            w = lex.lemma(t.text.lower(), t.tag)
            forms[form][w] += 1
            if (c.image, kind, place, w) not in seen:  # images, not captions
                seen.add((c.image, kind, place, w))
                fillers[f"{kind}|{place}"][w] += 1
    tally, numbering = counted(found)
    tb = table_of(tally)
    excludes = {}
    light = {
        "noun": guard_words().light,
        "adj": guard_words().quantifiers,
        "verb": {
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
            "come",
        },
    }
    for kind in ("noun", "adj", "verb"):
        names, h, n = vocabulary(tb, numbering, kind, 5)
        V = len(names)
        at = {w: q for q, w in enumerate(names)}
        i, j, (a, t, c, e) = matrices(tb, kind, h, None)
        U = factors_of(dense(V, i, j, a), dense(V, i, j, e), start=start_of(h, 20), rounds=60)
        r = np.einsum("pk,pk->p", U[i], U[j]).astype(float)
        post = posterior(
            a, e, Prior(np.maximum((np.minimum(1, c / np.maximum(e, 1e-9)) + r) / 2, 0.003), 10.0)
        )
        ok = np.flatnonzero((post.quantile(0.9) < 0.1) & (e >= 3))
        m = defaultdict(list)
        for q in ok:
            x, y = names[i[q]], names[j[q]]
            if x in light[kind] or y in light[kind] or x.endswith(" " + y) or y.endswith(" " + x):
                continue
            if lex.compatible(x, y, POS[kind]) or y in overlaps().of(x, POS[kind]):
                continue
            m[x].append(y), m[y].append(x)
        excludes[kind] = m
        print(kind, V, "words", len(ok), "pairs exclude")
    fillers = {p: dict(c) for p, c in fillers.items() if len(c) > 1}
    (CACHE / "fillers.json").write_text(
        json.dumps({"fillers": fillers, "excludes": excludes, "forms": forms})
    )


if __name__ == "__main__":
    make()
