"""Word forms of the grammar: tokens, numbers, prepositions and word classes. Pure."""

import math
import re
from collections.abc import Mapping, Sequence
from functools import cache

from data.scenes.vocabulary import kinds, places, skies, table, verbs

PRONOUNS = frozenset({"it", "them", "him", "itself", "themselves"})
HAVING = frozenset({"has", "have", "having"})
DOING = frozenset({"does", "do", "did"})
_COPULAS = frozenset({"is", "are", "was", "were", "be", "am"})
_BOUNDARIES = frozenset(
    {",", "and", "but", "or", "plus", "while", "as", "when", "not", "that", "which", "who", "there"}
    | {";", ":", "-", '"', "(", ")", "being", "has", "have"}
    | _COPULAS
    | DOING
)
_TOKEN = re.compile(r"[a-z]+(?:-[a-z]+)*|\d+|[^\w\s]|\w+")
_OPENING = re.compile(
    r"^\s*(?:(?:this|here|it) is )?(?:(?:a|an|the) )?(?:\w+ )?"
    r"(?:picture|photo|image|drawing|view|scene|illustration|photograph) (?:of|showing|with) "
)
_IN_THIS = re.compile(r"^\s*in (?:this|the) (?:picture|photo|image|drawing|scene),? ")
_NUMBERS = {
    "zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7,
    "eight": 8, "nine": 9, "ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14,
    "fifteen": 15, "sixteen": 16, "seventeen": 17, "eighteen": 18, "nineteen": 19, "twenty": 20,
}  # fmt: skip
_ING_NOUNS = frozenset(
    {"building", "thing", "string", "ring", "king", "wing", "ceiling", "swing", "painting"}
    | {"clothing", "railing", "crossing", "evening", "morning", "sling", "spring", "earring"}
    | {"awning", "dumpling", "duckling", "drawing"}
)
_IRREGULAR = {
    "people": "person", "children": "child", "mice": "mouse", "geese": "goose", "feet": "foot",
    "teeth": "tooth", "oxen": "ox",
    "persons": "person", "buses": "bus", "knives": "knife", "shelves": "shelf", "wolves": "wolf",
    "leaves": "leaf", "loaves": "loaf", "calves": "calf", "halves": "half", "scarves": "scarf",
}  # fmt: skip


def sentences(text: str) -> list[list[str]]:
    """Return the tokens of each sentence, lower-case, without "a picture of" before it."""
    found: list[list[str]] = []
    lowered = re.sub(r"(\w)n['\u2019]t\b", r"\1 not", text.lower())
    for part in re.split(r"[.!?;]+(?:\s+|$)", lowered):
        plain = _OPENING.sub("", _IN_THIS.sub("", part), count=1)
        tokens = _TOKEN.findall(plain)
        if tokens:
            found.append(tokens)
    return found


@cache
def _relations() -> Mapping[tuple[str, ...], str]:
    return {tuple(phrase.split()): name for phrase, name in table("relations.txt")}


def relation_at(tokens: Sequence[str], position: int) -> tuple[str, int] | None:
    """Return the relation that starts here and its number of tokens; the longest wins."""
    for length in (5, 4, 3, 2, 1):
        name = _relations().get(tuple(tokens[position : position + length]))
        if name and position + length <= len(tokens):
            return name, length
    return None


@cache
def _quantities() -> Mapping[tuple[str, ...], tuple[float, float, bool]]:
    """Return number word -> (low, high, whether a plural noun means at least two)."""
    return {
        tuple(phrase.split()): (float(low), float(high or "inf"), plural == "plural")
        for phrase, low, high, plural in table("quantities.txt")
    }


def quantity_at(tokens: Sequence[str], position: int) -> tuple[float, float, bool, int]:
    """Return (low, high, whether a plural makes it two, tokens used) of the quantity here."""
    for length in (3, 2, 1):
        phrase = tuple(tokens[position : position + length])
        if phrase in _quantities():
            number = _number(tokens, position + length)
            if number is not None and phrase[-1] in {"the", "a", "these", "those"}:
                return number, number, False, length + 1
            return *_quantities()[phrase], length
    number = _number(tokens, position)
    if number is not None:
        return number, number, False, 1
    return 1, math.inf, False, 0


def _number(tokens: Sequence[str], position: int) -> int | None:
    word = tokens[position] if position < len(tokens) else ""
    return int(word) if word.isdecimal() else _NUMBERS.get(word)


@cache
def _plurals() -> Mapping[str, str]:
    """Return plural head noun -> its singular."""
    heads = {kind.plural.split()[-1]: name.split()[-1] for name, kind in kinds().items()}
    both = {**_IRREGULAR, **heads}
    return {plural: singular for plural, singular in both.items() if plural != singular}


@cache
def _invariants() -> frozenset[str]:
    """Return nouns whose plural is their singular."""
    return frozenset(name for name, kind in kinds().items() if kind.plural == name)


@cache
def _nouns() -> frozenset[str]:
    every = [kind.names | kind.maybe | {kind.name.split()[-1]} for kind in kinds().values()]
    every += [s.names | s.maybe for s in (*places().values(), *skies().values())]
    every += [frozenset({"sun", "moon", "star", "cloud", "sky", "sea", "sunshine", "moonlight"})]
    return frozenset().union(*every)


@cache
def singulars(word: str) -> frozenset[str]:
    """Return possible singulars of a noun; the word itself if it is not a plural."""
    if word in _plurals():
        return frozenset({_plurals()[word]})
    found = {word}
    if word.endswith("s") and not word.endswith("ss"):
        found.add(word[:-1])
        if word.endswith("es"):
            found |= {word[:-2], word[:-3] + "y" if word.endswith("ies") else word[:-2]}
    return frozenset(found)


@cache
def is_plural(word: str) -> bool:
    """Tell whether a noun looks like a plural."""
    if word in _nouns() and word not in _plurals():
        return False
    if word in _plurals():
        return True
    return word.endswith("s") and not word.endswith(("ss", "us", "is"))


@cache
def is_noun(word: str) -> bool:
    """Tell whether the vocabulary has the noun, singular or plural."""
    return bool(singulars(word) & _nouns())


@cache
def is_clothing(word: str) -> bool:
    """Tell whether a noun names clothing."""
    clothes = [kind for kind in kinds().values() if "clothing" in kind.names]
    every = frozenset().union(*(kind.names | kind.maybe for kind in clothes))
    return bool(singulars(word) & (every - {"thing", "object"}))


@cache
def is_participle(word: str) -> bool:
    """Tell whether a word is a verb's -ing form."""
    return word.endswith("ing") and len(word) > 4 and word not in _ING_NOUNS | _nouns()


@cache
def is_passive(word: str) -> bool:
    """Tell whether a word is a past participle."""
    known = {verb.passive for verb in verbs().values()} - {"run"}
    regular = word.endswith("ed") and len(word) > 4 and not is_adjective(word)
    return word in known | {"seen", "shown"} or regular


@cache
def is_finite(word: str, before: str) -> bool:
    """Tell whether a word is a finite verb, after the noun `before` ("" for no noun)."""
    if word in {verb.finite for verb in verbs().values()}:
        return True
    if word in verbs():
        return not before or is_plural(before) or before in _invariants()
    if not word.isalpha() or is_adjective(word) or is_noun(word):
        return False
    if not before or not is_noun(before):
        return False
    return word.endswith("s") != is_plural(before)


def is_verb_like(word: str) -> bool:
    """Tell whether a word starts a predicate."""
    return is_copula(word) or word in HAVING or is_participle(word) or is_finite(word, "")


def is_copula(word: str) -> bool:
    """Tell whether a word is a form of "be"."""
    return word in _COPULAS


def is_boundary(word: str) -> bool:
    """Tell whether a word ends any noun phrase."""
    return word in _BOUNDARIES


def is_determiner(word: str) -> bool:
    """Tell whether a word starts a new noun phrase."""
    return (word,) in _quantities() or word in _NUMBERS or word.isdecimal()


@cache
def qualities() -> Mapping[str, tuple[tuple[str, bool], ...]]:
    """Return adjective -> meanings ("size big"), each with whether it is certain."""
    found: dict[str, list[tuple[str, bool]]] = {}
    for dimension, sure, maybe in table("adjectives.txt"):
        for word in sure.split():
            found.setdefault(word, []).append((dimension, True))
        for word in maybe.split():
            found.setdefault(word, []).append((dimension, False))
    for name, _, others in table("colours.txt"):
        for word in (name, *others.split()):
            found.setdefault(word, []).insert(0, (f"colour {name}", True))
    return {word: tuple(values) for word, values in found.items()}


def is_colour(word: str) -> bool:
    """Tell whether the vocabulary has the colour."""
    return any(dimension.startswith("colour") for dimension, _ in qualities().get(word, ()))


def is_adjective(word: str) -> bool:
    """Tell whether the vocabulary has the adjective."""
    return word in qualities() and word not in _nouns()


@cache
def lemmas(form: str) -> frozenset[str]:
    """Return possible lemmas of a verb form."""
    for verb in verbs().values():
        if form in {verb.lemma, verb.finite, verb.participle, verb.passive}:
            return frozenset({verb.lemma})
    stems = {form}
    for ending in ("ing", "ed", "es", "s"):
        if form.endswith(ending):
            stem = form.removesuffix(ending)
            doubled = len(stem) > 2 and stem[-1] == stem[-2]
            stems |= {stem, stem + "e", stem[:-1] if doubled else stem}
            if stem.endswith("i"):  # "carried"
                stems.add(stem.removesuffix("i") + "y")
            break
    return frozenset(stems)
