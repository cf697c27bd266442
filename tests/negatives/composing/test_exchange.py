"""What may change sides: balance of an exchange with the one that undoes it, and nouns apart."""

from math import exp

import pytest

from negatives.composing.exchange import Words, exchanges, words_of
from negatives.composing.partners import Said, is_apart
from negatives.guards.tables import Together
from negatives.sampling import Acceptance, Offer
from negatives.slots import Slot, Substitutes
from negatives.words import lexicon
from tests.parses import parse_of

LOG_P = {"red": -1.0, "blue": -1.5, "green": -2.5, "odd": -9.0}
ACCEPTANCE = Acceptance(1.0, 3.0)
TAGS = {"a": "DET", "an": "DET", "car": "NOUN", "bus": "NOUN"}


def words(text: str, colour: str, *, weight: float = 1.0) -> Words:
    """Return the one colour of a caption, with log-ratios of a model that weighs it so."""
    parse = parse_of(" ".join(f"{word}/{TAGS.get(word, 'ADJ')}" for word in text.split()))
    start = text.index(colour)
    others = tuple(other for other in LOG_P if other != colour)
    slot = Slot("r", "replace", "att", Substitutes(start, start + len(colour), others))
    ratios = [weight * (LOG_P[other] - LOG_P[colour]) for other in others]
    return words_of(parse, [[Offer(slot, ratios)]], ACCEPTANCE)


@pytest.mark.parametrize(("one", "other"), [("red", "blue"), ("red", "green"), ("green", "blue")])
@pytest.mark.parametrize("weight", [0.4, 1.7])
def test_an_exchange_and_its_way_back_are_balanced(one: str, other: str, weight: float) -> None:
    (there,) = exchanges(words(f"a {one} car", one), words(f"a {other} bus", other, weight=weight))
    (back,) = exchanges(words(f"a {other} car", other), words(f"a {one} bus", one, weight=weight))
    assert there.log_ratio == pytest.approx(-back.log_ratio)
    p = LOG_P[one] + weight * LOG_P[other]
    mirrored = LOG_P[other] + weight * LOG_P[one]
    assert exp(p) * ACCEPTANCE.chance(there.log_ratio) == pytest.approx(
        exp(mirrored) * ACCEPTANCE.chance(back.log_ratio)
    )
    first, second = there.edits
    assert first.apply(f"a {one} car") == f"a {other} car"
    assert second.apply(f"a {other} bus") == f"a {one} bus"


def test_what_is_out_of_reach_of_one_is_not_exchanged() -> None:
    assert not list(exchanges(words("a red car", "red"), words("an odd bus", "odd")))


@pytest.mark.parametrize(
    ("tagged", "subtype", "word", "stays"),
    [
        ("an/DET old/ADJ fashioned/VERB/VBN table/NOUN", "att", "old", True),
        ("an/DET old/ADJ table/NOUN", "att", "old", False),
        ("a/DET white/ADJ bed/NOUN", "att", "white", False),
        ("a/DET red/ADJ shed/NOUN", "att", "red", False),
        ("a/DET pond/NOUN of/ADP water/NOUN", "obj", "water", True),
        ("a/DET pond/NOUN in/ADP water/NOUN", "obj", "water", False),
        ("a/DET group/NOUN of/ADP men/NOUN/NNS", "obj", "men", False),
    ],
)
def test_set_phrases_stay(tagged: str, subtype: str, word: str, *, stays: bool) -> None:
    parse = parse_of(tagged)
    start = parse.text.index(word)
    slot = Slot("r", "replace", subtype, Substitutes(start, start + len(word), ("other",)))
    (found,) = words_of(parse, [[Offer(slot, [0.0])]], ACCEPTANCE)
    assert (not found) is stays


def test_equal_words_are_not_exchanged() -> None:
    assert not list(exchanges(words("a red car", "red"), words("a red bus", "red")))


@pytest.mark.parametrize(
    ("one", "other", "apart"),
    [
        ({"dog"}, {"cat"}, True),
        ({"person"}, {"man"}, False),
        ({"person", "horse"}, {"man", "road"}, True),
        ({"sofa"}, {"couch"}, False),
        ({"glass"}, {"tumbler"}, False),  # as the corpus has it
    ],
)
def test_captions_are_apart_by_a_noun(one: set[str], other: set[str], *, apart: bool) -> None:
    learned = Together({"NOUN": {"glass": frozenset({"tumbler"}), "tumbler": frozenset({"glass"})}})
    said, others = (Said(frozenset(nouns), frozenset(nouns)) for nouns in (one, other))
    assert is_apart(said, others, learned, lexicon.load()) is apart
