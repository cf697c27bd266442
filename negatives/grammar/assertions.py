"""Assertions of a caption, and where English may deny them; for the rule `negate`. Pure.

Each test gives the same answer for an assertion and its denial, so that one leads back to the
other.
"""

from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

from negatives.grammar.clauses import SUBJECTS, Children, child_with, finite_of
from negatives.parse import Token
from negatives.words.lexicon import Lexicon
from negatives.words.word_sets import word_sets

FORMS_OF_BE = frozenset({"is", "are", "was", "were"})
_DO = frozenset({"does", "do", "did"})
_NOUNS = frozenset({"NN", "NNS"})
DETERMINERS = frozenset({"det", "poss", "nummod", "predet"})
_NUMBERS = frozenset({"nummod", "predet", "quantmod"})
NAMING = frozenset({"NOUN", "PROPN"})
_MODIFIERS = frozenset({"compound", "nmod"})
_TAKING_UP = SUBJECTS | {"dobj"}
_SCOPE_ENDS = frozenset({"VERB", "AUX", "SCONJ", "PUNCT"})


class _Words(NamedTuple):
    """The sets of `tables/negate.txt`, which explains them."""

    negations: frozenset[str]
    quantifiers: frozenset[str]
    light: frozenset[str]
    mass: frozenset[str]
    pronouns: frozenset[str]
    indefinites: frozenset[str]
    animate: frozenset[str]
    full: frozenset[str]
    nominal: frozenset[str]
    bound: frozenset[str]
    unscoped: frozenset[str]
    not_alone: frozenset[str]
    signs: frozenset[str]


@cache
def negation_words() -> _Words:
    """Return the sets."""
    return _Words(**word_sets("negate"))


class CaptionView(NamedTuple):
    """A caption in this rule's form: tokens, their words in lower case, their dependents."""

    tokens: Sequence[Token]
    words: Sequence[str]
    children: Children
    lexicon: Lexicon


def is_accompaniment(view: CaptionView, preposition: int) -> bool:
    """Tell whether "with" gives a noun something that it could also be "without"."""
    tokens, words, children, _ = view
    before = tokens[preposition - 1] if preposition else None
    thing = child_with(tokens, children, preposition, frozenset({"pobj"}))
    return (
        before is not None
        and before.pos in NAMING
        and words[preposition - 1] not in negation_words().bound
        and thing is not None
        and tokens[thing].tag in _NOUNS
        and words[thing] not in negation_words().light
        and negation_words().quantifiers.isdisjoint(words[preposition + 1 : thing + 1])
        and not any(tokens[child].dep in _NUMBERS for child in children[thing])
        and not _is_taken_up(view, thing)
        and not _comes_back(view, [thing, *_conjuncts(view, thing)])
    )


def _is_taken_up(view: CaptionView, thing: int) -> bool:
    """Tell whether a later pronoun may refer to a thing ("a baby zebra as it nurses").

    The object of a preposition or a possessor refers to the owner: "a table with books on it".
    """
    pronouns = negation_words().pronouns
    return any(
        word in pronouns and view.tokens[index].dep in _TAKING_UP
        for index, word in enumerate(view.words[thing + 1 :], thing + 1)
    )


def _conjuncts(view: CaptionView, noun: int) -> list[int]:
    return [child for child in view.children[noun] if view.tokens[child].dep == "conj"]


def _comes_back(view: CaptionView, things: Sequence[int]) -> bool:
    """Tell whether the caption names one of these things again ("cat bed" does not name a cat)."""
    tokens, words, _, lexicon = view
    lemmas = {lexicon.lemma(words[thing], tokens[thing].tag) for thing in things}
    return any(
        token.tag in _NOUNS and lexicon.lemma(words[index], token.tag) in lemmas
        for index, token in enumerate(tokens)
        if index not in things and token.dep not in _MODIFIERS
    )


def has_indefinite(view: CaptionView, verb: int) -> bool:
    """Tell whether a verb's object has "some" or the like: "not eating some food" denies little."""
    indefinites = negation_words().indefinites
    if indefinites.isdisjoint(view.words):
        return False
    for index in range(verb + 1, len(view.tokens)):
        if view.tokens[index].pos in _SCOPE_ENDS:
            break
        if view.words[index] in indefinites:
            return True
    return False


def is_on_sign(view: CaptionView, index: int) -> bool:
    """Tell whether a "no" at a token would be a sign's text, or not a determiner."""
    return not negation_words().signs.isdisjoint(view.words[index : index + 7])


def is_named_one(view: CaptionView, noun: int) -> bool:
    """Tell whether a noun phrase has no quantifier: "some dogs" may run while others do not."""
    tokens, words, children, _ = view
    quantifiers = negation_words().quantifiers
    above = tokens[noun].head
    return (
        words[noun] not in quantifiers
        and tokens[noun].tag not in {"EX", "WP", "WDT", "PRP"}
        and not any(words[child] in quantifiers for child in children[noun])
        and not (words[above] == "of" and words[tokens[above].head] in quantifiers)
    )


def deniable_finite(view: CaptionView, verb: int) -> int | None:
    """Return the finite token of a main or relative clause that "not" may follow."""
    tokens, words, children, _ = view
    if tokens[verb].dep not in {"ROOT", "relcl"}:
        return None
    subject = child_with(tokens, children, verb, SUBJECTS)
    finite = finite_of(tokens, children, verb)
    if subject is None or finite is None or finite < subject:
        return None
    relative = tokens[verb].dep == "relcl"
    if relative and tokens[subject].tag not in {"WDT", "WP"}:
        return None
    lexical = finite == verb or words[finite] in _DO
    around = (words[finite - 1], *words[finite + 1 : finite + 2])
    if (
        not is_named_one(view, tokens[verb].head if relative else subject)
        or not negation_words().unscoped.isdisjoint(around)
        or has_indefinite(view, verb)
        or (lexical and words[finite] not in FORMS_OF_BE and _is_shared_or_odd(view, verb, subject))
    ):
        return None
    return finite


def _is_shared_or_odd(view: CaptionView, verb: int, subject: int) -> bool:
    """Tell whether "do" would leave a second verb inflected, or does not fit the subject.

    A plural verb with a singular subject, or an adverb before it, indicates a wrong parse ("a teddy
    bear lying") or needs "do" elsewhere ("a couple quietly kisses").
    """
    tokens, _, children, _ = view
    singular = tokens[subject].tag == "NN" and not _has_conjunct(view, subject)
    return (
        _has_conjunct(view, verb)
        or (tokens[verb].tag == "VBP" and singular)
        or any(tokens[c].dep == "advmod" and subject < c < verb for c in children[verb])
    )


def _has_conjunct(view: CaptionView, index: int) -> bool:
    return any(view.tokens[child].dep in {"conj", "cc"} for child in view.children[index])


def is_existence(view: CaptionView, noun: int) -> bool:
    """Tell whether the caption asserts that a thing exists, so that "no" would deny it."""
    tokens, words, children, _ = view
    head, dep = tokens[noun].head, tokens[noun].dep
    if dep in SUBJECTS:
        asserted = tokens[head].dep == "ROOT" and finite_of(tokens, children, head) is not None
    elif dep == "attr":
        asserted = any(tokens[child].dep == "expl" for child in children[head])
    else:
        asserted = dep == "ROOT"
    return (
        asserted
        and words[noun] not in negation_words().light
        and not _has_conjunct(view, noun)
        and not any(_has_conjunct(view, c) for c in children[noun] if tokens[c].dep in _MODIFIERS)
        and _is_named_but_no(view, noun)
        and negation_words().pronouns.isdisjoint(words)
        and negation_words().indefinites.isdisjoint(words)
        and not _comes_back(view, [noun])
    )


def _is_named_but_no(view: CaptionView, noun: int) -> bool:
    """Tell whether a noun has no quantifier other than "no"."""
    tokens, words, children, _ = view
    others = negation_words().quantifiers - {"no"}
    return words[noun] not in others and not any(
        words[child] in others or tokens[child].dep in _NUMBERS for child in children[noun]
    )


def bare_first(view: CaptionView, noun: int, skip: int | None = None) -> int | None:
    """Return the first token of a noun phrase without a determiner; None if it has one."""
    tokens, _, children, _ = view
    before = [child for child in children[noun] if child < noun and child != skip]
    if any(tokens[child].dep in DETERMINERS for child in before):
        return None
    first = min(before, default=noun)
    above = first - 1 if skip is None else skip - 1
    if tokens[first].pos not in {"ADJ", "NOUN", "VERB"}:
        return None
    return first if above < 0 or tokens[above].pos in {"VERB", "AUX", "PUNCT", "SCONJ"} else None
