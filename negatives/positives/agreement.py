"""Whether a free paraphrase says the same as its caption, by the parses of both. Pure.

Both must have the same content words, numbers, quantities, pronouns and adverbs, deny nothing, and
assert the same facts (negatives/grammar/facts.py): every attribute and number belongs to the same
noun, each action has the same agent and object, and places are the same. Facts are made of words,
so a caption with one word for two things or actions has no paraphrase. When in doubt, reject.
"""

import re
from collections import Counter
from typing import Final

from negatives.grammar.facts import Fact, core_of, facts_of
from negatives.guards.tables import words
from negatives.parse import Parse
from negatives.positives.synonyms import synonyms
from negatives.words.lexicon import Lexicon

_TRANSLATED: Final = ("noun", "adjective", "relation")
_LEFT_ASIDE: Final = frozenset(
    {"be", "have", "there", "a", "an", "the", "and", "who", "that", "which"}
)
_COMPARED: Final = frozenset({"NOUN", "PROPN", "VERB", "ADJ", "NUM", "ADV", "DET", "PRON", "PART"})
_PLURAL: Final = frozenset({"NNS", "NNPS"})
_OF_WORDS: Final = frozenset((
    *("nsubj", "dobj", "amod", "compound", "num", "attr", "acomp", "prt", "xcomp", "poss"),
    *("dative", "has"),
))  # fmt: skip
"""Facts that no preposition names."""


def translated(text: str, caption: str, lexicon: Lexicon) -> str:
    """Return a paraphrase with the caption's own words in the place of confirmed synonyms."""
    for kind in _TRANSLATED:
        for phrase, other in synonyms()[kind].items():
            for form, own in _forms(" ".join(phrase), other.word, kind, lexicon):
                if _has(caption, own) and not _has(caption, form):
                    text = re.sub(rf"\b{re.escape(form)}\b", own, text, flags=re.IGNORECASE)
    return text


def _forms(phrase: str, other: str, kind: str, lexicon: Lexicon) -> list[tuple[str, str]]:
    """Return a phrase and its synonym, and for nouns their plurals as well."""
    if kind != "noun":
        return [(phrase, other)]
    plurals = [_plural(each, lexicon) for each in (phrase, other)]
    return [(phrase, other), (plurals[0], plurals[1])]


def _plural(phrase: str, lexicon: Lexicon) -> str:
    before, space, last = phrase.rpartition(" ")
    return f"{before}{space}{lexicon.inflect(last, 'NNS') or last}"


def _has(text: str, phrase: str) -> bool:
    return re.search(rf"\b{re.escape(phrase)}\b", text, re.IGNORECASE) is not None


def disagreement(caption: Parse, paraphrase: Parse, lexicon: Lexicon) -> str | None:
    """Return how a paraphrase differs in meaning from its caption; None if it does not."""
    denied = words().negations
    if any(token.text.lower() in denied for token in paraphrase.tokens):
        return "denies something"
    if _content(caption, lexicon) != _content(paraphrase, lexicon):
        return "other words"
    if _repeats(caption, lexicon):
        return "one word for two things"
    facts = [facts_of(parse, lexicon) for parse in (caption, paraphrase)]
    if facts[0] == facts[1]:
        return None
    if _compounds(facts[0]) != _compounds(facts[1]):  # milk chocolate, chocolate milk
        return "other relations"
    cores = [core_of(each) for each in facts]
    num_places = sum(_is_place(fact.relation) for fact in facts[0])
    return None if cores[0] == cores[1] and num_places <= 1 else "other relations"


def _compounds(facts: frozenset[Fact]) -> frozenset[Fact]:
    return frozenset(fact for fact in facts if fact.relation == "compound")


def _content(parse: Parse, lexicon: Lexicon) -> Counter[tuple[str, bool]]:
    """Return the words that a paraphrase must keep, and whether each is a plural."""
    found = Counter[tuple[str, bool]]()
    for token in parse.tokens:
        lemma = lexicon.lemma(token.text.lower(), token.tag)
        if token.pos in _COMPARED and lemma not in _LEFT_ASIDE:
            found[lemma, token.tag in _PLURAL] += 1
    return found


def _is_place(relation: str) -> bool:
    """Tell whether a fact is about a preposition, which may be attached to one word or another."""
    return relation not in _OF_WORDS


def _repeats(parse: Parse, lexicon: Lexicon) -> bool:
    """Tell whether two things or actions have one name, so that facts do not tell them apart."""
    lemmas = [
        lexicon.lemma(token.text.lower(), token.tag)
        for token in parse.tokens
        if token.pos in {"NOUN", "PROPN", "VERB"}
    ]
    num_said = sum(token.dep in {"acomp", "attr", "oprd"} for token in parse.tokens)
    return len(set(lemmas)) < len(lemmas) or num_said > 1  # "the dog is brown, the cat is white"
