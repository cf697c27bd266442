"""Content words: the part of speech of a tag, and lemmas as guards compare them. Pure."""

from functools import lru_cache

from negatives.words.lexicon import Lexicon

NOUN, VERB, ADJECTIVE, NUMBER = "NOUN", "VERB", "ADJ", "NUM"
KIND = {
    "NN": NOUN, "NNS": NOUN, "NNP": NOUN, "NNPS": NOUN,
    "JJ": ADJECTIVE, "JJR": ADJECTIVE, "JJS": ADJECTIVE,
    "VB": VERB, "VBD": VERB, "VBG": VERB, "VBN": VERB, "VBP": VERB, "VBZ": VERB,
    "CD": NUMBER,
}  # fmt: skip
"""The part of speech of each tag of content words."""

JOINS_NOUN = frozenset({"NN", "NNS", "NNP", "JJ", "VBG", "VBN"})
"""The tags of words that may precede a noun in a compound."""

_NUMBERS = (
    "zero", "one", "two", "three", "four", "five", "six",
    "seven", "eight", "nine", "ten", "eleven", "twelve",
)  # fmt: skip
_NUMBER_OF = {str(number): word for number, word in enumerate(_NUMBERS)}


@lru_cache(maxsize=1 << 14)
def lemma_of(words: str, tag: str, lexicon: Lexicon) -> str:
    """Return the lower-case lemma of a word, or of a compound whose last word has the tag."""
    lower = words.lower()
    if tag == "CD":
        return _NUMBER_OF.get(lower, lower)
    before, space, last = lower.rpartition(" ")
    return f"{before}{space}{lexicon.lemma(last, tag)}"
