"""The kind of a noun: a person, an animal or a thing. `tables/kinds.txt` has the words. Pure."""

from functools import lru_cache
from typing import Literal

from negatives.words.lexicon import Lexicon
from negatives.words.word_sets import word_sets

Kind = Literal["person", "animal", "thing"]


@lru_cache(maxsize=1 << 14)
def kind_of(lexicon: Lexicon, noun: str, tag: str, before: str = "") -> Kind:
    """Return the kind of a lower-case noun with this tag; `before` is the word before it.

    The curated class of its compound ("hot dog") decides, then its own, then WordNet's first
    senses, except misleading ones listed in the table. Unknown words are things.
    """
    lemma = lexicon.lemma(noun, tag)
    sets = word_sets("kinds")
    name = lexicon.class_name(f"{before} {lemma}", "NOUN") or lexicon.class_name(lemma, "NOUN")
    key = name.replace(" ", "_")
    if key in sets["people"] or lemma in sets["person"]:
        return "person"
    if key in sets["animals"] or lemma in sets["animal"]:
        return "animal"
    if name or lemma in sets["thing"]:
        return "thing"
    if lexicon.compatible(lemma, "person", "NOUN"):
        return "person"
    return "animal" if lexicon.compatible(lemma, "animal", "NOUN") else "thing"
