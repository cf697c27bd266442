"""Pronouns that go with the only noun of a caption that has a gender: "a man on his bike". Pure.

Such a noun can be replaced by one of the other gender if its pronouns change too. Every form has
one counterpart ("her" is "his" or "him", by its tag), so the change can be undone.
"""

from collections.abc import Sequence
from functools import cache

from data.edits import Replacement, edit_of
from negatives.grammar.substitutes import Member, SlotSpan
from negatives.parse import Token
from negatives.slots import Slot
from negatives.words.lexicon import Lexicon
from negatives.words.word_sets import word_sets

_NOUNS = frozenset(("NN", "NNS", "NNP", "NNPS"))
_POSSESSIVE = "PRP$"
_TO_FEMALE = {
    ("he", "PRP"): "she",
    ("him", "PRP"): "her",
    ("himself", "PRP"): "herself",
    ("his", _POSSESSIVE): "her",
}
_TO_MALE = {(new, tag): old for (old, tag), new in _TO_FEMALE.items()}


def is_gendered(found: Member) -> bool:
    """Tell whether a noun of a hand-written class says which pronoun it takes.

    Learned classes, which have no name, mix genders with anything.
    """
    return bool(found.words.name) and found.words.lemmas[found.own] in _gendered()


def pronouns_of_the_other_gender(
    tokens: Sequence[Token], noun: int, lexicon: Lexicon
) -> tuple[Replacement, ...]:
    """Return the replacements of all gendered pronouns of a caption if they fit a noun.

    None of them if the noun is plural, if another noun has a gender, or if a pronoun is of another
    gender, capital, or of a form without a counterpart ("hers").
    """
    lemmas = [
        lexicon.lemma(token.text.lower(), token.tag) if token.tag in _NOUNS else ""
        for token in tokens
    ]
    if tokens[noun].tag != "NN" or sum(lemma in _gendered() for lemma in lemmas) != 1:
        return ()
    counterparts = _TO_MALE if _is_female(lemmas[noun]) else _TO_FEMALE
    found: list[Replacement] = []
    for token in tokens:
        if token.text.lower() not in word_sets("replace")["gendered pronouns"]:
            continue
        new = counterparts.get((token.text, token.tag))
        if new is None or (token.tag == _POSSESSIVE) != (token.dep == "poss"):
            return ()
        found.append(Replacement(token.start, token.end, new))
    return tuple(found)


def slot_with_pronouns(
    span: SlotSpan,
    found: Member,
    shut: frozenset[int],
    pronouns: tuple[Replacement, ...],
) -> Slot | None:
    """Return the slot of a noun whose class has members of the other gender, with its pronouns.

    None without pronouns, without such a member, or if the word itself is in `shut`.
    """
    start, end, rule, subtype = span
    words, own = found
    is_female = _is_female(words.lemmas[own])
    edits = tuple(
        edit_of((Replacement(start, end, form), *pronouns))
        for index, (lemma, form) in enumerate(zip(words.lemmas, words.forms, strict=True))
        if index not in shut and lemma in _gendered() and _is_female(lemma) != is_female
    )
    return Slot(rule, "replace", subtype, edits) if pronouns and edits and own not in shut else None


@cache
def _gendered() -> frozenset[str]:
    return word_sets("replace")["gendered nouns"] | word_sets("guards")["gendered"]


def _is_female(lemma: str) -> bool:
    return lemma in word_sets("replace")["female nouns"]
