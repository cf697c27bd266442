"""No rule's edit begins or ends inside a character or markup, whoever wrote the rule."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.edits import Edit, Replacement
from data.records import Caption
from negatives.choose import Chooser, Chosen, Producer
from negatives.generator import asking_rules, choose_block, chooser_of
from negatives.guards import NO_SIBLINGS
from negatives.llm.asking import asks
from negatives.llm.blocks import ask_rules
from negatives.llm.cache import AnswersInMemory
from negatives.llm.requests import Answer, Outcome, Request
from negatives.models import model_name
from negatives.parse import Parse
from negatives.policy import PairPolicy, Policy, RecipePolicy
from negatives.presets import PRESETS
from negatives.rules import RULES
from negatives.slots import Rule, Slot
from negatives.spacy_parse import parse_texts
from negatives.words import lexicon
from tests.negatives.llm.llm_fakes import FakeBackend

ROCKET = "\N{WOMAN}\N{ZERO WIDTH JOINER}\N{ROCKET}"
UNITS = (
    ROCKET, "\N{REGIONAL INDICATOR SYMBOL LETTER D}\N{REGIONAL INDICATOR SYMBOL LETTER E}",
    "\N{HORSE}\ufe0f", "<PERSON>", "<br>", "<red car>", "&amp;", "&#39;", "https://two.dogs/red",
    "www.red-car.com", "@red.dog", "#reddog", "red@dog.com", ":red_car:", ":two:",
)  # fmt: skip
WORDS = (
    "A man", "Two dogs", "a red car", "a blue bus", "the big horse", "a woman", "rides", "sits",
    "next to", "on", "under", "in front of", "and", "is sitting", "brown", "three", "an old", "a",
    "no", "is not", ".", ",",
)  # fmt: skip
ITEMS = st.lists(
    st.tuples(st.sampled_from(WORDS) | st.sampled_from(UNITS), st.sampled_from((" ", " ", ""))),
    min_size=2, max_size=14,
)  # fmt: skip
EVERY_RULE = tuple({"rule": name} for name, cls in RULES.items() if not asks(cls))
ASKING = ({"rule": "llm_infill", "is_open": True}, {"rule": "llm_rewrite"})
SPLIT = "splits a character or markup"
POLICIES = (
    PairPolicy(irreversible=True),
    PairPolicy(irreversible=True, wording=False, guards=False),
    RecipePolicy(weighted=False, wording=False, guards=False, variants=3),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class CutsAnywhere:
    """ "a red car" -> "a rXd car": a user's rule that knows nothing of words."""

    new: tuple[str, ...] = ("X", "", "\u0301", "\N{ZERO WIDTH JOINER}\N{ROCKET}", ";", "<b>")

    def __call__(self, parse: Parse) -> Iterator[Slot]:
        edits = [
            Edit((Replacement(start, start + length, new),))
            for start in range(len(parse.text))
            for length in (0, 1, 3)
            for new in self.new
            if start + length <= len(parse.text)
        ]
        yield Slot("cuts", "replace", "att", edits)


def text_and_inside(items: list[tuple[str, str]]) -> tuple[str, set[int]]:
    """Return a caption and the places inside its units; a unit is written onto nothing."""
    text, inside = "", set()
    for item, space in items:
        apart = item in UNITS or text.endswith(UNITS)
        text += " " * (apart and bool(text) and not text.endswith(" "))
        if item in UNITS:
            inside |= set(range(len(text) + 1, len(text) + len(item)))
        text += item + space
    return text, inside


def choose_for(text: str, chooser: Chooser) -> Chosen:
    (parse,) = parse_texts([text], model=model_name(), batch_size=1)
    caption = Caption("x:1", "", text)
    block = [(caption, parse)]
    answers, _ = ask_rules([parse], asking_rules(chooser), FakeBackend(reply), AnswersInMemory())
    (chosen,) = choose_block(block, chooser, [None], [NO_SIBLINGS], answers)
    return chosen


def reply(request: Request) -> Outcome:
    """Answer with words, and with edits of each word of the caption and of each part of it."""
    words = request.caption.split()
    parts = [*words, *(word.strip("<>&;:@#") for word in words), *request.caption.split(".")]
    edits = [
        {"type": kind, "find": part, "replace": new}
        for part in dict.fromkeys(parts)
        for kind, new in (("object", "camel"), ("attribute", "green"), ("object", "<i>cat"))
    ]
    return Answer(json.dumps({"words": ["camel", "green", "on", "leads"], "edits": edits}), 1, 1)


def check(text: str, inside: set[int], chooser: Chooser) -> Chosen:
    chosen = choose_for(text, chooser)
    for negative in chosen.negatives:
        assert negative.edit.apply(text) == negative.text
        for start, end, _ in negative.edit.replacements:
            assert not {start, end} & inside, negative
    return chosen


def of_rules(rules: tuple[Rule, ...], policy: Policy) -> Chooser:
    producers = [Producer("cuts", f"cuts{n}", rule, n) for n, rule in enumerate(rules)]
    return Chooser(producers, policy, 0, lexicon.load())


@settings(max_examples=60, deadline=None)
@given(ITEMS, st.sampled_from(POLICIES))
def test_no_rule_splits_a_unit(items: list[tuple[str, str]], policy: Policy) -> None:
    check(*text_and_inside(items), chooser_of(EVERY_RULE, policy, 0))


@settings(max_examples=30, deadline=None)
@given(ITEMS, st.sampled_from([name for name in PRESETS if "llm" not in name]))
def test_no_preset_splits_a_unit(items: list[tuple[str, str]], preset: str) -> None:
    found = PRESETS[preset]
    check(*text_and_inside(items), chooser_of(found.rules, found.policy, 0))


@settings(max_examples=40, deadline=None)
@given(ITEMS)
def test_no_answer_of_a_language_model_splits_a_unit(items: list[tuple[str, str]]) -> None:
    check(*text_and_inside(items), chooser_of(ASKING, PairPolicy(irreversible=True), 0))


@settings(max_examples=40, deadline=None)
@given(ITEMS, st.sampled_from(POLICIES))
def test_no_rule_of_a_user_splits_a_unit(items: list[tuple[str, str]], policy: Policy) -> None:
    check(*text_and_inside(items), of_rules((CutsAnywhere(),) * 9, policy))


def test_what_would_split_a_unit_is_counted_and_kept_as_a_reject() -> None:
    recipe = RecipePolicy(weighted=False, variants=40, wording=False, guards=False)
    chosen = choose_for("<ab> red", of_rules((CutsAnywhere(new=("X",)),), recipe))
    refused = [each for each in chosen.rejects if each.reason == SPLIT]
    assert chosen.tally["cuts", SPLIT] == len(refused)
    ends = [{r.start, r.end} for each in refused for r in each.edit.replacements]
    assert all(each & {1, 2, 3} for each in ends)
    assert {(0, 1), (1, 2), (2, 2), (3, 6)} <= {(min(e), max(e)) for e in ends}
    assert "<ab> rXd" in {negative.text for negative in chosen.negatives}


@pytest.mark.parametrize(
    ("text", "rule", "expected"),
    [
        (f"{ROCKET} rides a brown horse", "replace_attribute", f"{ROCKET} rides a white horse"),
        ("<PERSON> rides a brown horse", "shuffle", "A <PERSON> rides brown horse"),
        ("A <b>red</b> car and a dog", "shuffle", "A car <b>red</b> and a dog"),
        ("A red car &amp; a blue bus", "swap", "A blue car &amp; a red bus"),
        ("A <b>red</b> car on a street", "word_lists", "A <b>blue</b> car on a street"),
    ],
)
def test_captions_with_units_have_negatives_all_the_same(
    text: str, rule: str, expected: str
) -> None:
    options = {"n": 1} if rule == "shuffle" else {}
    policy = RecipePolicy(weighted=False, variants=500)
    chosen = choose_for(text, chooser_of([{"rule": rule, **options}], policy, 0))
    assert expected in {negative.text for negative in chosen.negatives}
    assert not chosen.tally[rule, SPLIT]
