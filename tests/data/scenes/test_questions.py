"""Questions about scenes: the sentences they are made of, fair numbers of each change."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.scenes import scene_at
from data.scenes.phrases import NUMBERS
from data.scenes.questions import QUESTIONS, balance, make_question, rephrase
from data.scenes.sentences import Noun, Sentence


@given(st.lists(st.permutations("abc").map(lambda word: (word[0], word[1])), max_size=30))
def test_changes_are_kept_with_their_counterparts(changes: list[tuple[str, str]]) -> None:
    numbered = list(enumerate(changes))
    kept = balance(numbered, lambda pair: pair[1])
    before, after = Counter(changes), Counter(change for _, change in kept)
    assert after == Counter({c: min(n, before[c[::-1]]) for c, n in before.items()})
    for end in range(0, len(kept), 2):
        first = Counter(change for _, change in kept[:end])
        assert all(first[change[::-1]] == number for change, number in first.items())
    assert len(set(kept)) == len(kept)
    assert len(balance([("", "")] * 3, lambda change: change)) == 3


def test_the_same_is_asked_at_every_call() -> None:
    scenes = [scene_at(number, split="test") for number in range(60)]
    for name, question in QUESTIONS.items():
        once = [make_question(question, scene, name=name) for scene in scenes]
        assert once == [make_question(question, scene, name=name) for scene in scenes]


def test_a_number_one_larger_than_any_has_a_word() -> None:
    scenes = [scene_at(number, split="test") for number in range(400)]
    most = max(len(group) for scene in scenes for group in scene.groups())
    assert most + 1 < len(NUMBERS)


@pytest.mark.parametrize(
    ("sentence", "text", "other"),
    [
        (Sentence((Noun("ball", colour="red"), Noun("box"))),
         "There is a red ball and a box.", "There is a box and a red ball."),
        (Sentence((Noun("dog", 2), Noun("table")), "left"),
         "Two dogs are to the left of a table.", "A table is to the right of two dogs."),
        (Sentence((Noun("dog"), Noun("table")), "behind"),
         "A dog is behind a table.", "A table is in front of a dog."),
        (Sentence((Noun("ball", size="big", finish="striped"), Noun("table")), "on"),
         "A big striped ball is on a table.", None),
        (Sentence((Noun("dog"),), "run"), "A dog is running.", None),
        (Sentence((Noun("apple"),)), "There is an apple.", None),
        (Sentence((Noun("apple", 0),)), "There is no apple.", None),
        (Sentence((Noun("woman", 3),)), "There are three women.", None),
    ],
)  # fmt: skip
def test_sentences(sentence: Sentence, text: str, other: str | None) -> None:
    assert sentence.text == text
    same = rephrase(sentence)
    assert (same.text if same else None) == other
