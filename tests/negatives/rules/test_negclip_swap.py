from collections import defaultdict
from itertools import combinations, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from negatives.parse import Parse
from negatives.rules.negclip_swap import NegclipSwap, _verb_phrases
from tests.parses import parse_of, parsed

RULE = NegclipSwap()


def offers_of(parse: Parse, rule: NegclipSwap = RULE) -> list[tuple[str, list[str]]]:
    return [
        (slot.subtype, [edit.apply(parse.text) for edit in slot.alternatives])
        for slot in rule(parse)
    ]


@pytest.mark.parametrize(
    ("caption", "expected"),
    [
        (
            "a small dog near a red barn",
            [
                ("np", ["a red barn near a small dog"]),
                ("obj", ["a small barn near a red dog"]),
                ("att", ["a red dog near a small barn"]),
            ],
        ),
        (
            "Two dogs, cats and horses",
            [
                (
                    "obj",
                    [
                        "Two cats, dogs and horses",
                        "Two horses, cats and dogs",
                        "Two dogs, horses and cats",
                    ],
                )
            ],
        ),
        (
            "he slowly walks and was singing",
            [("act", ["he was singing and slowly walks"])],
        ),
        (
            "people quickly run or slowly walk",
            [
                ("act", ["people slowly walk or quickly run"]),
                ("att", ["people slowly run or quickly walk"]),
            ],
        ),
        (  # an equal pair offers nothing, the two unlike pairs stay
            "a dog, a cat and a dog",
            [("obj", ["a cat, a dog and a dog", "a dog, a dog and a cat"])],
        ),
        (  # "large" and "Large" read differently, as published
            "large dogs and Large trees",
            [
                ("obj", ["large trees and Large dogs"]),
                ("att", ["Large dogs and large trees"]),
            ],
        ),
    ],
)
def test_change(caption: str, expected: list[tuple[str, list[str]]]) -> None:
    assert offers_of(parsed(caption)) == expected


@pytest.mark.parametrize(
    "caption",
    [
        "",
        "a dog",
        "a dog and a dog",
        "a dog and dogs",
        "Rome or Oslo",
        "it runs",
        "a man is and was",
        "a dog - and 12",  # a mark and a number are no words
    ],
)
def test_noop(caption: str) -> None:
    assert offers_of(parsed(caption)) == []


def test_gerunds_swap_without_their_auxiliaries() -> None:
    parse = parsed("he is riding while eating as she ran")
    assert offers_of(parse, NegclipSwap(verbs="gerunds")) == [
        ("act", ["he is eating while riding as she ran"])
    ]


@pytest.mark.parametrize(
    ("tags", "phrases"),
    [
        ("VERB VERB", [(0, 1)]),
        ("VERB ADV ADV AUX VERB", [(0, 4)]),
        ("ADV VERB ADV ADV AUX VERB", [(1, 5)]),  # the longest; what is left has no verb
        ("VERB VERB VERB ADV ADV AUX VERB", [(0, 1), (2, 6)]),
        ("AUX ADV VERB", [(1, 2)]),  # auxiliaries come after adverbs in the published pattern
        ("ADV AUX VERB NOUN VERB", [(0, 2), (4, 4)]),
        ("VERB AUX VERB AUX VERB", [(0, 2), (3, 4)]),  # of equally long ones the leftmost
        ("ADV AUX", []),
        ("", []),
    ],
)
def test_verb_phrases_are_the_longest_matches(tags: str, phrases: list[tuple[int, int]]) -> None:
    parse = parse_of(" ".join(f"word/{pos}" for pos in tags.split()))
    assert _verb_phrases(parse.tokens) == phrases


VOCABULARY = {
    "NN": ("dog", "cat", "cow"),
    "NNS": ("dogs", "cats", "cows"),
    "JJ": ("red", "blue", "green"),
}
words_of_categories = st.lists(
    st.sampled_from([f"{word}/{'ADJ' if tag == 'JJ' else 'NOUN'}/{tag}"
                     for tag, words in VOCABULARY.items() for word in words]),
    max_size=9,
)  # fmt: skip


@given(words_of_categories)
def test_weights_hold_the_published_choice(words: list[str]) -> None:
    parse = parse_of(" ".join(words))
    categories = [[token for token in parse.tokens if token.tag == tag] for tag in VOCABULARY]
    pairs = [list(combinations(category, 2)) for category in categories if len(category) > 1]
    published: dict[str, float] = defaultdict(float)
    for drawn in product(*pairs):  # one pair a category, then one of those that read differently
        unlike = [pair for pair in drawn if pair[0].text != pair[1].text]
        for left, right in unlike:
            text = " ".join(
                {left: right, right: left}.get(token, token).text for token in parse.tokens
            )
            published[text] += 1 / len(unlike)
    ours: dict[str, float] = defaultdict(float)
    for slot in RULE(parse):
        assert slot.weights is not None
        assert len(slot.weights) == len(slot.alternatives)
        for edit, weight in zip(slot.alternatives, slot.weights, strict=True):
            ours[edit.apply(parse.text)] += weight
    assert ours.keys() == published.keys()
    for text, weight in ours.items():
        share = published[text] / sum(published.values())
        assert weight / sum(ours.values()) == pytest.approx(share)


@given(words_of_categories)
def test_a_swap_offers_the_caption_back(words: list[str]) -> None:
    parse = parse_of(" ".join(words))
    for slot in RULE(parse):
        for edit in slot.alternatives:
            text = edit.apply(parse.text)
            tags = {token.text: f"{token.text}/{token.pos}/{token.tag}" for token in parse.tokens}
            negative = parse_of(" ".join(tags[word] for word in text.split()))
            assert parse.text in {back for _, texts in offers_of(negative) for back in texts}


def test_two_thousand_words_cost_no_memory() -> None:
    parse = parse_of(" ".join(f"w{index % 40}/NOUN" for index in range(2000)))
    (slot,) = RULE(parse)
    assert len(slot.alternatives) == 2000 * 1999 // 2 - 40 * (50 * 49 // 2)
    assert slot.alternatives[len(slot.alternatives) - 1].apply(parse.text) != parse.text
