"""A or an: whether a word starts with a vowel sound.

The first letter decides, except for the words of `tables/articles.txt` (made by `words.wordnet`
from the CMU Pronouncing Dictionary), letters read by name ("an X-ray", "an FBI agent") and digits.
"""

from collections.abc import Mapping

VOWEL_LETTERS = frozenset("aeiou")
SPELT_WITH_VOWEL = frozenset("aefhilmnorsx")
"""Letters whose names start with a vowel sound: "an X", "a U"."""
SILENT_H = ("hour", "heir", "honest", "honor", "honour")
GLIDES = ("eu", "ewe", "uni", "ura", "uri", "uro", "usa", "use", "usi", "usu", "ute", "uti", "uku")
"""Vowel letters with an initial consonant sound, in words that the dictionary lacks."""


def vowel_sound(word: str, exceptions: Mapping[str, bool], known: frozenset[str]) -> bool:
    """Tell whether `word` takes "an"; `known` words in capitals are pronounced, not spelt out."""
    first = word.replace("'", "-").partition("-")[0] or word.strip("-'")
    lower = first.lower()
    if lower[:1].isdigit():
        return _figure_sound(lower)
    if len(lower) < 2 or lower[1] == ".":
        return lower[:1] in SPELT_WITH_VOWEL
    found = exceptions.get(first, exceptions.get(lower))
    if found is not None:
        return found
    if first.isupper() and lower not in known:
        return lower[0] in SPELT_WITH_VOWEL
    return _spelling_sound(lower, known)


def _spelling_sound(word: str, known: frozenset[str]) -> bool:
    if word[0] == "h":
        return word.startswith(SILENT_H)
    return word[0] in VOWEL_LETTERS and not (word.startswith(GLIDES) and word not in known)


def _figure_sound(figure: str) -> bool:
    """Tell whether a number starts with a vowel sound: 8, 80, 800; 11 and 18 (thousand)."""
    if figure[0] == "8":
        return True
    digits = "".join(c for c in figure.partition(".")[0] if c.isdigit())
    # 11 and 18 thousand, and years: "an 1890s car"
    return digits.startswith(("11", "18")) and (
        len(digits) % 3 == 2 or (len(digits) == 4 and "," not in figure)
    )


def read_articles(table: str) -> dict[str, bool]:
    """Return word -> takes "an", from lines of `an word` and `a word`."""
    exceptions: dict[str, bool] = {}
    for line in table.splitlines():
        article, word = line.split()
        exceptions[word] = article == "an"
    return exceptions
