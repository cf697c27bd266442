"""Paraphrases by a language model: what is read, and what is kept because it says the same."""

import json

import pytest

from data.errors import UsageError
from negatives import rephrase
from negatives.llm.requests import TIMED_OUT, Answer, Failure, Outcome, key_of
from negatives.positives.agreement import disagreement, translated
from negatives.positives.llm_paraphrase import LlmParaphrase
from negatives.words import lexicon as lexicons
from tests.negatives.llm.llm_fakes import MODEL_INFO
from tests.parses import parsed

LEXICON = lexicons.load()
RIDER = "A man riding a horse in a park."


def answer(content: object) -> Answer:
    return Answer(json.dumps(content), 1, 1)


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        (answer({"paraphrase": "in a park,  a man is riding a horse"}),
         "In a park, a man is riding a horse."),
        (answer({"paraphrase": "In a park, a man rides a horse!"}),
         "In a park, a man rides a horse."),
        (answer({"paraphrase": RIDER}), "unchanged"),
        (answer({"paraphrase": "a man riding a horse in a park"}), "unchanged"),
        (answer({"paraphrase": "The man riding the horse in the park."}), "unchanged"),
        (answer({"paraphrase": " "}), "unparsable"),
        (answer({"paraphrase": 3}), "unparsable"),
        (answer({"text": "A man rides."}), "unparsable"),
        (Answer("A man rides.", 1, 1), "unparsable"),
        (Failure(TIMED_OUT), TIMED_OUT),
    ],
)  # fmt: skip
def test_an_answer_has_the_form_of_its_caption(outcome: Outcome, expected: str) -> None:
    parse = parsed(RIDER)
    slots, reasons = LlmParaphrase().slots(parse, [outcome])
    texts = [edit.apply(parse.text) for slot in slots for edit in slot.alternatives]
    assert texts + list(reasons) == [expected]


def test_the_caption_is_unchanged_and_an_earlier_answer_is_proposed_twice() -> None:
    new = "In a park, a man rides a horse."
    texts = (RIDER, new, "The man riding the horse in the park.", RIDER, new)
    rule = LlmParaphrase(answers=5, temperature=0.7)
    slots, reasons = rule.slots(parsed(RIDER), [answer({"paraphrase": text}) for text in texts])
    assert len(slots) == 1
    assert reasons == {"unchanged": 3, "proposed twice": 1}


@pytest.mark.parametrize("rule", ["llm_paraphrase", "absence"])
def test_in_memory_no_model_and_no_source_is_asked(rule: str) -> None:
    with pytest.raises(UsageError, match=f"{rule} needs a language model or a source"):
        rephrase(RIDER, rules=[rule])


def test_samples_are_told_apart_and_need_a_temperature() -> None:
    rule = LlmParaphrase(answers=3, temperature=0.7)
    assert len({key_of(each, MODEL_INFO) for each in rule.requests(parsed(RIDER))}) == 3
    with pytest.raises(UsageError, match="temperature above 0"):
        LlmParaphrase(answers=3)


SAME = [
    (RIDER, "In a park, a man is riding a horse."),
    ("Two men riding horses next to a red barn.", "Two men are riding horses beside a red barn."),
    ("Two men and three dogs in a park.", "Three dogs and two men in a park."),
    ("A cat lies under a blue chair.", "Under a blue chair lies a cat."),
    ("A dog chases a cat.", "A cat is chased by a dog."),
    ("A few people stand on a beach.", "On a beach, a few people stand."),
    ("A boy between a car and a bus.", "A boy between a bus and a car."),
]
OTHER = [
    ("A glass of chocolate milk.", "A glass of milk chocolate.", "other relations"),
    (RIDER, "A horse riding a man in a park.", "other relations"),
    (RIDER, "A man riding a brown horse in a park.", "other words"),
    ("Two men riding horses next to a red barn.",
     "Next to a barn, two red men are riding horses.", "other relations"),
    ("Two men and three dogs in a park.", "Three men and two dogs in a park.", "other relations"),
    ("A cat lies under a blue chair.", "A cat does not lie under a blue chair.",
     "denies something"),
    ("A cat lies under a blue chair.", "A cat lies on a blue chair.", "other relations"),
    ("A cat lies under a blue chair.", "A cat lies under blue chairs.", "other words"),
    ("A dog chases a cat.", "A cat chases a dog.", "other relations"),
    ("A few people stand on a beach.", "Many people stand on a beach.", "other words"),
    ("A cat on a table next to a dog.", "A dog on a table next to a cat.", "other relations"),
    ("The dog is brown and the cat is white.", "The dog is white and the cat is brown.",
     "one word for two things"),
    ("A red car behind a blue car.", "A blue car behind a red car.", "one word for two things"),
]  # fmt: skip


@pytest.mark.parametrize(("caption", "paraphrase", "expected"), [
    *((caption, paraphrase, None) for caption, paraphrase in SAME), *OTHER,
])  # fmt: skip
def test_a_paraphrase_says_the_same_or_is_refused(
    caption: str, paraphrase: str, expected: str | None
) -> None:
    parse = parsed(translated(paraphrase, caption, LEXICON))
    assert disagreement(parsed(caption), parse, LEXICON) == expected


@pytest.mark.parametrize(
    ("text", "caption", "expected"),
    [
        ("On a Couch, a dog.", "A dog on a sofa.", "On a sofa, a dog."),
        ("Two couches beside dogs.", "Dogs next to two sofas.", "Two sofas next to dogs."),
        ("A couch and a sofa.", "A sofa and a couch.", "A couch and a sofa."),
        ("A couch.", "A chair.", "A couch."),
    ],
)
def test_confirmed_synonyms_count_as_the_captions_words(
    text: str, caption: str, expected: str
) -> None:
    assert translated(text, caption, LEXICON) == expected
