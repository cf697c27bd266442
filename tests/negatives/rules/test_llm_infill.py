"""What is asked about a gap, and what its answers are worth."""

import json
from collections import Counter
from typing import Any

import pytest

from negatives.llm.requests import Answer, Failure, Outcome
from negatives.rules.llm_infill import LlmInfill
from negatives.words import lexicon
from tests.parses import parsed

RIDER = "A man riding a brown horse in a field."


def infill(**options: Any) -> LlmInfill:  # noqa: ANN401 - of several types
    return LlmInfill(lexicon=lexicon.load(), **options)


def offers_of(caption: str, place: int, given_words: list[str], rule: LlmInfill) -> list[str]:
    """Return what is offered in the place asked about of that number, all else unanswered."""
    parse = parsed(caption)
    none = Answer('{"words": []}', 1, 1)
    outcomes = [none] * len(rule.requests(parse))
    outcomes[place] = Answer(json.dumps({"words": given_words}), 1, 1)
    slots, _ = rule.slots(parse, outcomes)
    return [e.replacements[0].text for slot in slots for e in slot.alternatives]


def test_a_place_is_asked_about_once_and_the_caption_comes_last() -> None:
    parse = parsed(RIDER)
    requests = infill().requests(parse)
    asked = [json.loads(request.messages[-1].content) for request in requests]
    assert [each["old"] for each in asked] == ["man", "riding", "brown", "horse", "in", "field"]
    assert asked[3]["caption"] == "A man riding a brown ___ in a field."
    assert len({request.messages[:-1] for request in requests}) == 1
    gap = requests[3].gap
    assert gap is not None
    assert (gap.before, gap.after, gap.own, gap.tag) == (
        "A man riding a brown", " in a field.", "horse", "NN",
    )  # fmt: skip
    assert infill(places=2).requests(parse) == requests[:2]


@pytest.mark.parametrize(
    ("place", "given_words", "expected"),
    [
        (3, ["camel", "Donkey", "camel"], ["camel", "donkey"]),
        (3, ["horse", "mare", "animal", "quickly", "pretty"], []),
        (0, ["woman", "dog", "rider", "person", "skier"], ["woman"]),
        (2, ["black", "round", "brown"], ["black"]),
        (4, ["next to", "on", "with", "behind"], ["next to"]),
        (5, ["guitar", "meadow", "table"], []),
    ],
)
def test_an_answer_has_to_exclude_the_caption(
    place: int, given_words: list[str], expected: list[str]
) -> None:
    assert offers_of(RIDER, place, given_words, infill()) == expected


@pytest.mark.parametrize(
    ("place", "given_words", "expected"),
    [
        (1, ["leading", "rides", "having"], ["leading"]),
        (3, ["mare", "guitar"], ["guitar"]),
        (0, ["woman", "skier", "person"], ["woman"]),
    ],
)
def test_an_open_place_takes_what_is_not_known_to_overlap(
    place: int, given_words: list[str], expected: list[str]
) -> None:
    assert offers_of(RIDER, place, given_words, infill(is_open=True)) == expected
    closed = offers_of(RIDER, place, given_words, infill())
    assert closed == [word for word in expected if word == "woman"]


def test_words_of_a_family_exclude_each_other_beyond_their_class() -> None:
    text = "A cat on the table"
    assert offers_of(text, 2, ["floor", "bed", "mat", "cloud", "desk"], infill()) == [
        "floor",
        "bed",
    ]


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("A mustard yellow bus", ["bus"]),
        ("A yellow bus", ["yellow", "bus"]),
        ("A yellow thingamajig", ["yellow"]),
    ],
)  # fmt: skip
def test_half_of_a_name_and_a_word_of_no_class_are_not_asked_about(
    text: str, asked: list[str]
) -> None:
    requests = infill().requests(parsed(text))
    assert [json.loads(each.messages[-1].content)["old"] for each in requests] == asked


def test_what_a_model_is_to_choose_among_is_what_is_taken() -> None:
    parse = parsed(RIDER)
    rule = infill()
    gaps = [request.gap for request in rule.requests(parse) if request.gap is not None]
    assert len(gaps) == 6
    for place, each in enumerate(gaps):
        assert each.among
        assert each.own not in each.among
        assert offers_of(RIDER, place, list(each.among), infill(proposals=99)) == list(each.among)
    assert "camel" in (gaps[3].among or ())
    opened = [each.gap.among for each in infill(is_open=True).requests(parse) if each.gap]
    assert opened == [None, None, gaps[2].among, None, gaps[4].among, None]


@pytest.mark.parametrize(
    ("caption", "given_words", "expected"),
    [
        ("A man riding horses",
         ["camels", "camel", "sheep"], ["camels"]),
        ("A man riding horse",
         ["camels", "camel", "sheep"], ["camel", "sheep"]),
    ],
)  # fmt: skip
def test_a_noun_keeps_its_number(caption: str, given_words: list[str], expected: list[str]) -> None:
    rule = infill(kinds=("obj",))
    assert offers_of(caption, 1, given_words, rule) == expected


def test_what_goes_wrong_is_counted_by_name() -> None:
    parse = parsed(RIDER)
    rule = infill()
    outcomes: list[Outcome] = [
        Failure("timed out"),
        Answer("riding or walking", 1, 1),
        Answer('{"words": ["brown", "", "very dark and deep blue", "bl4ck"]}', 1, 1),
        Answer(json.dumps({"words": [parse.text]}), 1, 1),
        Failure("refused"),
        Answer('{"words": ["quickly"]}', 1, 1),
    ]
    slots, reasons = rule.slots(parse, outcomes)
    assert slots == []
    assert reasons == Counter(
        {
            "timed out": 1, "unparsable": 1, "unchanged": 2, "too different": 1, "no word": 1,
            "repeated caption": 1, "refused": 1, "wrong type": 1,
        }
    )  # fmt: skip
