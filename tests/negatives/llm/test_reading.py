"""Answers are read strictly, prompts are filled once."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from negatives.llm.prompts import chat_messages, continuation_text, prompt, read_prompt, string
from negatives.llm.reading import Proposal, proposals_in, verdict_in, words_in
from negatives.llm.requests import Answer, Failure
from negatives.llm.verifier import verdict, verifier_requests

NAMES = ("infill-1", "rewrite-1", "judge-1")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"words": ["cat", " big  dog "]}', ["cat", "big dog"]),
        ('Sure!\n```json\n{"words": ["cat"]}\n```', ["cat"]),
        ('{"words": []} {"words": ["no"]}', []),
        ('{"words": "cat"}', None),
        ('{"words": [1]}', None),
        ('{"words": ["cat"', None),
        ('{"edits": []}', None),
        ("cat, dog", None),
        ("", None),
        ("[1]", None),
        ("{" * 100_000, None),
        ('{"a": ' * 3000 + "1" + "}" * 3000, None),
    ],
)
def test_words(text: str, expected: list[str] | None) -> None:
    assert words_in(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            '{"edits": [{"type": "object", "find": "a", "replace": "b", "more": 1}]}',
            [Proposal("object", "a", "b")],
        ),
        ('{"edits": [{"type": "object", "find": "a"}]}', None),
        ('{"edits": [{"type": null, "find": "a", "replace": "b"}]}', None),
        ('{"edits": ["a"]}', None),
        ('{"edits": {}}', None),
        ("no", None),
    ],
)
def test_proposals(text: str, expected: list[Proposal] | None) -> None:
    assert proposals_in(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"false": "yes", "grammatical": "yes", "plausible": "yes"}', None),
        ('{"false": "yes", "grammatical": "no", "plausible": "yes"}', "judged no"),
        ('{"false": "yes", "grammatical": "yes"}', "judge: unparsable"),
        ('{"false": "unknown", "grammatical": "yes", "plausible": "yes"}', "judge: unparsable"),
        ('{"false": true, "grammatical": true, "plausible": true}', "judge: unparsable"),
        ("yes, yes, yes", "judge: unparsable"),
    ],
)
def test_all_but_yes_is_no(text: str, expected: str | None) -> None:
    assert verdict(Answer(text, 1, 1)) == expected
    assert verdict(Failure("timed out")) == "judge: timed out"


@given(st.text())
def test_no_answer_breaks_the_reader(text: str) -> None:
    for read in (words_in, proposals_in, verdict_in):
        read(text)
        read(f'{{"words": {text}')


@pytest.mark.parametrize("name", NAMES)
def test_every_prompt_has_examples_and_a_question_that_comes_last(name: str) -> None:
    found = prompt(name)
    assert found.version.startswith(f"{name} ")
    roles = [turn.role for turn in found.turns]
    assert roles == ["system", *["user", "assistant"] * ((len(roles) - 1) // 2)]
    assert len(roles) >= 5
    for turn in found.turns[1:]:
        json.loads(turn.content)


def test_an_answer_of_an_example_is_read_by_its_reader() -> None:
    for name, read in (("infill-1", words_in), ("rewrite-1", proposals_in)):
        for turn in prompt(name).turns:
            if turn.role == "assistant":
                assert read(turn.content)
    said = {verdict_in(t.content) for t in prompt("judge-1").turns if t.role == "assistant"}
    assert said == {True, False}


def test_another_prompt_is_another_version() -> None:
    texts = ["=== question\n<caption>", "=== question\n<caption> "]
    assert len({read_prompt("x", text).version for text in texts}) == 2
    with pytest.raises(ValueError, match="expected turns"):
        read_prompt("x", "question")


@given(st.text())
def test_a_caption_stays_in_its_quotes(caption: str) -> None:
    (request,) = verifier_requests(caption, ["other"])
    *before, last = request.messages
    assert tuple(before) == prompt("judge-1").turns
    assert json.loads(last.content) == {"caption": caption, "changed": "other"}
    assert "<|" not in last.content
    assert "[/" not in last.content
    assert "\n" not in last.content


def test_what_is_put_in_is_not_filled_again() -> None:
    values = {"caption": string("<types> <caption>"), "types": "[]"}
    content = json.loads(chat_messages(prompt("rewrite-1"), values)[-1].content)
    assert content == {"caption": "<types> <caption>", "types": []}
    last = continuation_text(
        prompt("infill-1"), "two\nlines\n\nFirst picture: <line>"
    ).splitlines()[-2:]
    assert last == ["First picture: two lines First picture: <line>", "Second picture:"]
