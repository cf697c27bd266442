from collections import defaultdict
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.errors import UsageError
from negatives.rules.word_lists import LISTS, WordLists, _list
from tests.parses import parse_of

RULE = WordLists()
COLOURS = WordLists(lists=("colour",))


def plain(text: str) -> str:
    return " ".join(f"{word}/X" for word in text.split())


@pytest.mark.parametrize(
    ("text", "new"),
    [
        ("a red car", "a blue car"),
        ("a red car", "a red elephant"),
        ("a wooden boat", "a plastic boat"),
        ("the wet cat", "the dry cat"),
        ("a tall man", "a short man"),
        ("a man riding fast", "a man standing fast"),
        ("two dogs", "five dogs"),
        ("Two dogs", "Five dogs"),
        ("a red hat red and shredding", "a blue hat blue and shredding"),
    ],
)
def test_changes(text: str, new: str) -> None:
    slots = list(RULE(parse_of(plain(text))))
    assert new in {edit.apply(text) for slot in slots for edit in slot.alternatives}


@pytest.mark.parametrize(
    "text", ["", "it is so", "a cloth above it", "A DOG RUNS", "Reddish manikins redden", "dogs"]
)
def test_noop(text: str) -> None:
    assert list(RULE(parse_of(plain(text)))) == []


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("a big car", "large"),
        ("a man", "person"),
        ("a sofa", "couch"),
        ("a gray cat", "grey"),
        ("a red and blue car", "blue"),
        ("a young girl", "happy"),
        ("a young girl", "sad"),
        ("a young girl", "sleepy"),
        ("a happy girl", "young"),
    ],
)
def test_words_that_may_both_be_true_do_not_change_places(text: str, other: str) -> None:
    for slot in RULE(parse_of(plain(text))):
        for edit in slot.alternatives:
            assert other not in {replacement.text for replacement in edit.replacements}


def test_a_draw_from_the_slot_is_the_recipe() -> None:
    """A word by its occurrences, then a replacement uniformly: counted by enumeration."""
    text = "a red car a red bus a blue boat"
    (slot,) = COLOURS(parse_of(plain(text)))
    assert slot.weights is not None
    chance: dict[str, float] = defaultdict(float)
    for edit, weight in zip(slot.alternatives, slot.weights, strict=True):
        chance[edit.apply(text)] += weight / sum(slot.weights)
    red = [new for new in chance if "red" not in new.split()]
    assert sum(chance[new] for new in red) == pytest.approx(2 / 3)
    assert all(chance[new] == pytest.approx(2 / 3 / len(red)) for new in red)


def test_every_list_weighs_one_so_that_lists_are_equally_likely() -> None:
    slots = list(WordLists()(parse_of(plain("a red car and two blue cars on the street"))))
    assert len(slots) > 2
    for slot in slots:
        assert sum(slot.weights or ()) == pytest.approx(1)
        assert not slot.reversible


@pytest.mark.parametrize("name", LISTS)
def test_lists_are_clean(name: str) -> None:
    words = _list(name).words
    assert len(words) >= 6
    assert all(word.isalpha() and (word.islower() or name == "counts_capital") for word in words)
    for left, right in combinations(words, 2):
        assert (right in _list(name).others[left]) == (left in _list(name).others[right])


@pytest.mark.parametrize(
    ("lists", "message"),
    [
        (("colour", "qqq"), "unknown list 'qqq'; choose from: action, colour"),
        (("color",), "unknown list 'color'; did you mean 'colour'"),
        ((), "expected at least one"),
    ],
)
def test_wrong_lists_are_refused_at_once(lists: tuple[str, ...], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        WordLists(lists=lists)


WORDS = ["red", "blue", "Red", "dog", "in", "two", "walking", "wet", "xyz"]


@given(st.lists(st.sampled_from(WORDS), max_size=9))
def test_every_alternative_changes_listed_words_only(words: list[str]) -> None:
    text = " ".join(words)
    parse = parse_of(plain(text))
    for slot in RULE(parse):
        assert slot.weights is None or len(slot.weights) == len(slot.alternatives)
        for edit in slot.alternatives:
            changed = {text[r.start : r.end] for r in edit.replacements}
            assert len(changed) == 1
            assert not {r.text for r in edit.replacements} & set(words)
