import pytest

from negatives.parse import Parse
from negatives.rules.replace_learned import ReplaceLearned, learns
from negatives.rules.replace_object import ReplaceObject
from negatives.slots import Slot
from negatives.words.lexicon import load
from negatives.words.rivals import RivalsOutside
from tests.parses import parse_of

RULE = ReplaceLearned(lexicon=load())
RIVALS = RivalsOutside({
    "guitar": ("cup", "dog", "umbrella"),
    "umbrella": ("cup", "guitar"),
    "cup": ("guitar", "umbrella"),
    "dog": ("guitar", "sand"),
    "sand": ("dog",),
})  # fmt: skip
HOLDS = "a/DET//det>1 man/NOUN//nsubj>2 holds/VERB/VBZ/ROOT>2 a/DET//det>4 {}/NOUN//dobj>2"
SEES = "two/NUM/CD/nummod>1 {}/NOUN/NNS/nsubj>2 rest/VERB/VBP/ROOT>2"

CHANGES = {
    HOLDS.format("guitar"): {"cup", "dog", "umbrella"},
    HOLDS.format("umbrella"): {"cup", "guitar"},
    HOLDS.format("dog"): {"guitar"},  # sand does not count
    HOLDS.format("sofa"): set(),  # it has no rival
    SEES.format("guitars"): {"cups", "dogs", "umbrellas"},
    SEES.format("cups"): {"guitars", "umbrellas"},
    "a/DET//det>1 guitar/NOUN//compound>2 case/NOUN//ROOT>2": set(),
    "a/DET//det>2 hot/ADJ//amod>2 dog/NOUN//ROOT>2": set(),
    "a/DET//det>1 guitar/NOUN//ROOT>1 by/ADP//prep>1 a/DET//det>4 cup/NOUN//pobj>2": {
        "dog", "umbrella",
    },
}  # fmt: skip


def texts_of(slots: list[Slot], parse: Parse) -> set[str]:
    return {edit.apply(parse.text) for slot in slots for edit in slot.alternatives}


@pytest.mark.parametrize("tagged", CHANGES)
def test_rivals_are_offered_where_an_object_may_be_replaced(tagged: str) -> None:
    parse = parse_of(tagged)
    slots = list(RULE.slots_among(parse, RIVALS))
    found = {edit.replacements[0].text for slot in slots[:1] for edit in slot.alternatives}
    assert found == CHANGES[tagged]
    assert {(slot.rule, slot.type, slot.subtype, slot.needs_full_coverage) for slot in slots} <= {
        ("replace_learned", "replace", "obj", True)
    }


@pytest.mark.parametrize("template", [HOLDS, SEES])
def test_a_rival_offers_the_word_back(template: str) -> None:
    ending = "s" if template == SEES else ""
    for word in ("guitar", "umbrella", "cup", "dog"):
        parse = parse_of(template.format(word + ending))
        for slot in RULE.slots_among(parse, RIVALS):
            for edit in slot.alternatives:
                back = parse_of(template.format(edit.replacements[0].text))
                assert parse.text in texts_of(list(RULE.slots_among(back, RIVALS)), back)


def test_nothing_is_learned_without_a_corpus() -> None:
    assert list(RULE(parse_of(HOLDS.format("guitar")))) == []
    assert learns(RULE)
    assert not learns(ReplaceObject(lexicon=load()))
