"""English inflection: a table of forms made by `words.wordnet`, regular rules for the rest.

`tables/forms.txt` has one lemma per line, its cells separated by tabs: `noun lemma NNS`, `verb
lemma VBZ VBD VBN VBG`, `adj lemma JJR JJS`, `plural lemma` (pants: a plural without a singular).
Variants in a cell are separated by commas, the usual one first. `adj* lemma lemma ...` lists lemmas
without forms, `noun+s* lemma lemma ...` those whose plural adds an s. Forms are unique within the
column of a tag: a form leads back to one lemma.
"""

from collections.abc import Mapping
from dataclasses import dataclass

VOWELS = frozenset("aeiou")
COLUMNS = {
    "noun": ("NNS",),
    "verb": ("VBZ", "VBD", "VBN", "VBG"),
    "adj": ("JJR", "JJS"),
    "adv": ("RBR", "RBS"),
}
"""The tags of the columns of `forms.txt`, for each part of speech."""
KIND_OF_BASE = {"NN": "noun", "VB": "verb", "VBP": "verb", "JJ": "adj", "RB": "adv"}
KIND_OF_TAG = {tag: kind for kind, tags in COLUMNS.items() for tag in tags} | KIND_OF_BASE


@dataclass(frozen=True, slots=True)
class Forms:
    """Frozen tables of inflection.

    `lemmas[kind]`: the known lemmas; `lemma_of[tag][form]` and `form_of[tag][lemma]` for the tags
    in `COLUMNS`; `plural_only`: nouns such as "pants"; `words`: every form and lemma.
    """

    lemmas: Mapping[str, frozenset[str]]
    lemma_of: Mapping[str, Mapping[str, str]]
    form_of: Mapping[str, Mapping[str, str]]
    plural_only: frozenset[str]
    words: frozenset[str]

    def lemma(self, form: str, tag: str) -> str:
        """Return the lemma of a form; a compound's head is its last word, a verb's its first.

        A form with an uninflected tag, or that no rule fits, is its own lemma.
        """
        form = form.lower()
        table = self.lemma_of.get(tag)
        if table is None:
            return form
        found = table.get(form)
        if found is not None:
            return found
        before, head, after = _split_head(form, tag)
        if before or after:
            return before + self.lemma(head, tag) + after
        kind = KIND_OF_TAG[tag]
        if kind == "noun" and form in self.lemmas["noun"]:
            return form
        bases = _bases(form, tag)
        known = next((base for base in bases if base in self.lemmas[kind]), None)
        if known is None:  # "terrier", mistaken for a comparative, stays
            return bases[0] if kind in {"noun", "verb"} else form
        return known

    def inflect(self, lemma: str, tag: str) -> str | None:
        """Return the form of a lemma, None if it would not lead back to the lemma and tag."""
        lemma = lemma.lower()
        kind = KIND_OF_TAG.get(tag)
        if kind is None:
            return None
        if lemma in self.form_of.get(tag, ()):
            return self._head_form(lemma, kind, tag)
        before, head, after = _split_head(lemma, tag)
        form = self._head_form(head, kind, tag)
        return None if form is None else before + form + after

    def _head_form(self, lemma: str, kind: str, tag: str) -> str | None:
        if lemma in self.plural_only and kind == "noun":
            return lemma if tag == "NNS" else None
        if tag == "NN":
            # "people" and "sheep" are plurals, "dice" is the plural of another lemma
            return None if lemma in self.lemma_of["NNS"] else lemma
        if tag in KIND_OF_BASE:
            invariant = tag == "VBP" and self.form_of["VBD"].get(lemma) == lemma
            return None if invariant else lemma
        form = self.form_of[tag].get(lemma)
        if form is None and lemma not in self.lemmas[kind] and tag in REGULAR:
            form = REGULAR[tag](lemma)
        if form is None or self.lemma(form, tag) != lemma:
            return None
        # "sheep" and "hit": the plural or the past equals the base form
        return None if form == lemma and tag in {"NNS", "VBD"} else form


def _split_head(phrase: str, tag: str) -> tuple[str, str, str]:
    if " " not in phrase:
        return "", phrase, ""
    if tag.startswith("V"):
        head, space, after = phrase.partition(" ")
        return "", head, space + after
    before, space, head = phrase.rpartition(" ")
    return before + space, head, ""


def read_forms(table: str) -> Forms:
    """Return the tables in the text of `forms.txt`."""
    lemmas: dict[str, set[str]] = {kind: set() for kind in (*COLUMNS, "plural")}
    lemma_of: dict[str, dict[str, str]] = {t: {} for tags in COLUMNS.values() for t in tags}
    form_of: dict[str, dict[str, str]] = {tag: {} for tag in lemma_of}
    for line in table.splitlines():
        kind, lemma, *cells = line.split("\t")
        if kind.endswith("*"):
            words = lemma.split(" ")
            kind, regular, _ = kind.rstrip("*").partition("+s")
            lemmas[kind].update(words)
            if regular:
                plurals = [word + "s" for word in words]
                form_of["NNS"].update(zip(words, plurals, strict=True))
                lemma_of["NNS"].update(zip(plurals, words, strict=True))
            continue
        lemmas[kind].add(lemma)
        for cell, tag in zip(cells, COLUMNS.get(kind, ()), strict=False):
            for form in cell.split(",") if cell else ():
                form_of[tag].setdefault(lemma, form)
                lemma_of[tag][form] = lemma
    plural_only = frozenset(lemmas.pop("plural"))
    lemma_of["NNS"].update((lemma, lemma) for lemma in plural_only)
    words_known = frozenset().union(*lemmas.values(), *lemma_of.values())
    known = {kind: frozenset(names) for kind, names in lemmas.items()}
    return Forms(known, lemma_of, form_of, plural_only, words_known)


def plural(lemma: str) -> str:
    """Return the regular plural, which is also the regular VBZ."""
    if lemma.endswith(("s", "x", "z", "ch", "sh")):
        return lemma + "es"
    if _ends_in_consonant_y(lemma):
        return lemma[:-1] + "ies"
    return lemma + "s"


def third_person(lemma: str) -> str:
    """Return the regular VBZ."""
    return lemma + "es" if lemma.endswith("o") else plural(lemma)


def past(lemma: str) -> str:
    """Return the regular VBD and VBN."""
    return _with_suffix(lemma, "ed")


def gerund(lemma: str) -> str:
    """Return the regular VBG."""
    if lemma.endswith("ie"):
        return lemma[:-2] + "ying"
    if lemma.endswith("e") and not lemma.endswith(("ee", "oe", "ye")):
        return lemma[:-1] + "ing"
    return _double_consonant(lemma) + "ing"


REGULAR = {"NNS": plural, "VBZ": third_person, "VBD": past, "VBN": past, "VBG": gerund}
"""Rules for lemmas missing from the table; there are none for comparatives."""


def _with_suffix(lemma: str, suffix: str) -> str:
    if lemma.endswith("e"):
        return lemma[:-1] + suffix
    if _ends_in_consonant_y(lemma):
        return lemma[:-1] + "i" + suffix
    return _double_consonant(lemma) + suffix


def _ends_in_consonant_y(lemma: str) -> bool:
    return len(lemma) > 2 and lemma[-1] == "y" and lemma[-2] not in VOWELS


def _double_consonant(lemma: str) -> str:
    """Double the last consonant of a short syllable: "hop" -> "hopp"."""
    if len(lemma) < 3 or lemma[-1] in "aeiouwxy" or lemma[-2] not in VOWELS:
        return lemma
    syllables = sum(
        a in VOWELS and b not in VOWELS for a, b in zip(lemma, lemma[1:] + "#", strict=True)
    )
    return lemma + lemma[-1] if lemma[-3] not in VOWELS and syllables == 1 else lemma


_ENDINGS = {
    "NNS": (("ies", "y"), ("sses", "ss"), ("xes", "x"), ("ches", "ch"), ("shes", "sh"), ("s", "")),
    "VBZ": (("ies", "y"), ("sses", "ss"), ("xes", "x"), ("ches", "ch"), ("shes", "sh"), ("s", "")),
    "VBD": (("ied", "y"), ("ed", ""), ("ed", "e")),
    "VBN": (("ied", "y"), ("ed", ""), ("ed", "e")),
    "VBG": (("ing", ""), ("ing", "e")),
    "JJR": (("ier", "y"), ("er", ""), ("er", "e")),
    "JJS": (("iest", "y"), ("est", ""), ("est", "e")),
    "RBR": (("er", ""), ("er", "e")),
    "RBS": (("est", ""), ("est", "e")),
}


def _bases(form: str, tag: str) -> list[str]:
    """Return lemmas of which this could be a regular form, likelier first; itself last."""
    bases: list[str] = []
    for ending, base in _ENDINGS[tag]:
        stem = form.removesuffix(ending)
        if stem == form or len(stem) < 2 or form.endswith(("ss", "us", "is")):
            continue
        if not base and ending != "s" and len(stem) > 3 and stem[-1] == stem[-2] not in "sl":
            bases.append(stem[:-1])
        bases.append(stem + base)
    return [*bases, form]
