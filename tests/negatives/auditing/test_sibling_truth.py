"""Truth by held-out captions: what is inserted, what is removed, who says it."""

import pytest

from negatives.auditing.sibling_truth import (
    Answer,
    Assertions,
    assertions_of,
    by_fact,
    by_kind,
    change_of,
    find_in_held_out,
    truth_of,
)
from negatives.grammar.facts import Fact
from negatives.words.lexicon import Table
from tests.parses import parse_of

LEXICON = Table()


def assertions(words: str = "", facts: tuple[tuple[str, str, str], ...] = ()) -> Assertions:
    return Assertions(
        frozenset(("NOUN", word) for word in words.split()), frozenset(Fact(*f) for f in facts)
    )


def answer(kind: str, image: int, *, inserted: bool = False, removed: bool = False) -> Answer:
    return Answer(kind, image, inserted, removed, chance=False)


def test_what_a_caption_says() -> None:
    found = assertions_of(parse_of("red/ADJ/JJ/amod>1 car/NOUN/NN/ROOT"), LEXICON)
    assert found == Assertions(
        frozenset((("ADJ", "red"), ("NOUN", "car"))), frozenset((Fact("amod", "car", "red"),))
    )


@pytest.mark.parametrize(
    ("caption", "negative", "held_out", "facts", "expected"),
    [
        ("dog", "cat", "cat tree", False, (True, False)),
        ("dog", "cat", "dog tree", False, (False, True)),
        ("dog", "cat", "cat dog", False, (True, True)),
        ("dog", "dog", "dog", False, None),
        ("dog", "dog cat", "dog", False, None),
        ("dog", "dog", "dog", True, None),
    ],
)
def test_answers_by_word(
    caption: str, negative: str, held_out: str, *, facts: bool, expected: tuple[bool, bool] | None
) -> None:
    change = change_of(assertions(caption), assertions(negative))
    assert find_in_held_out(change, assertions(held_out), by_fact=facts) == expected


@pytest.mark.parametrize(
    ("held_out", "expected"),
    [
        ((("amod", "car", "blue"),), (True, False)),
        ((("amod", "car", "red"),), (False, True)),
        ((("amod", "sky", "blue"),), (False, False)),
    ],
)
def test_answers_by_fact(
    held_out: tuple[tuple[str, str, str], ...], expected: tuple[bool, bool]
) -> None:
    change = change_of(
        assertions(facts=(("amod", "car", "red"), ("amod", "bus", "blue"))),
        assertions(facts=(("amod", "car", "blue"), ("amod", "bus", "red"))),
    )
    assert find_in_held_out(change, assertions(facts=held_out), by_fact=True) == expected


def test_a_place_counts_whatever_it_hangs_on() -> None:
    change = change_of(
        assertions(facts=(("on", "sit", "bench"),)), assertions(facts=(("under", "sit", "bench"),))
    )
    assert find_in_held_out(
        change, assertions(facts=(("under", "man", "bench"),)), by_fact=True
    ) == (True, False)


@pytest.mark.parametrize(
    ("kind", "facts"),
    [(("replace", "obj"), False), (("replace", "rel"), True), (("swap", "att"), True)],
)
def test_what_is_asked_by_fact(kind: tuple[str, str], *, facts: bool) -> None:
    assert by_fact(*kind) == facts


def test_shares_and_their_ratio() -> None:
    answers = [
        answer("a", image, inserted=image % 10 == 0, removed=image % 2 == 0) for image in range(200)
    ]
    truth = truth_of(answers)
    assert truth is not None
    assert (truth.inserted.value, truth.removed.value) == (0.1, 0.5)
    assert truth.still_true.value == pytest.approx(0.2)
    assert 0.05 < truth.still_true.low < 0.2 < truth.still_true.high < 0.35
    assert set(by_kind([*answers, answer("b", 0, inserted=True, removed=True)])) == {"a", "all"}


@pytest.mark.parametrize("answers", [[], [answer("a", image) for image in range(50)]])
def test_too_little_is_no_figure(answers: list[Answer]) -> None:
    assert truth_of(answers) is None
