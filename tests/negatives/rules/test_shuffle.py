"""Shuffle: tables, and that its alternatives are all the orders of the blocks."""

from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.edits import text_at
from data.errors import UsageError
from data.texts import normalise
from negatives.parse import Parse, Token
from negatives.rules.shuffle import Shuffle
from tests.parses import parsed


def texts(rule: Shuffle, parse: Parse) -> list[str]:
    return [
        edit.apply(parse.text) for slot in rule(parse) for edit in islice(slot.alternatives, 200)
    ]


CHANGES = [
    (Shuffle(), "a red car by", {"car by a red"}),
    (Shuffle(), "A cat on grass.", {"on grass A cat."}),
    (Shuffle(), "a cat, a dog", {"a dog, a cat"}),
    (Shuffle(n=1), "a man's t-shirt", {
        "a t-shirt man's", "man's a t-shirt", "man's t-shirt a",
        "t-shirt a man's", "t-shirt man's a",
    }),
    (Shuffle(n=1), "dogs and dogs", {"and dogs dogs", "dogs dogs and"}),
    (Shuffle(n=1), "lincoln av e.", {  # the final mark is no part of a word
        "lincoln e av.", "av lincoln e.", "av e lincoln.", "e lincoln av.", "e av lincoln.",
    }),
    (Shuffle(n=2), "a b c d e", {"c d a b e"}),
    (Shuffle(n=2, remainder=True), "a b c", {"c a b"}),
]  # fmt: skip
NOOPS = [
    (Shuffle(), ""),
    (Shuffle(), "dogs."),  # the published shuffle moves the final mark alone
    (Shuffle(), "a dog runs."),
    (Shuffle(), "A dog a dog"),  # only the capital would move
    (Shuffle(n=2, remainder=True), "dogs dogs dogs"),
    (Shuffle(), ".!?"),
]


@pytest.mark.parametrize(("rule", "caption", "expected"), CHANGES)
def test_changes(rule: Shuffle, caption: str, expected: set[str]) -> None:
    found = texts(rule, parsed(caption))
    assert set(found) == expected
    assert len(found) == len(expected)


@pytest.mark.parametrize(("rule", "caption"), NOOPS)
def test_noop(rule: Shuffle, caption: str) -> None:
    assert texts(rule, parsed(caption)) == []


def test_short_remainder_is_not_reversible() -> None:
    parse = parsed("a b c")
    assert [slot.reversible for slot in Shuffle(remainder=True)(parse)] == [False]
    parse = parsed("a b c d")
    assert [slot.reversible for slot in Shuffle(remainder=True)(parse)] == [True]


def test_n_is_checked() -> None:
    with pytest.raises(UsageError, match=r"shuffle\.n: expected 1 or more, found 0"):
        Shuffle(n=0)


def test_long_caption_stays_countable() -> None:
    parse = plain_parse([f"w{i}" for i in range(2000)])
    (slot,) = Shuffle(n=1)(parse)
    assert len(slot.alternatives) == 2432902008176639999  # 20! - 1
    last = slot.alternatives[len(slot.alternatives) - 1].apply(parse.text)
    numbers = [*reversed(range(20)), *range(20, 2000)]  # of the first 20 words alone
    assert last == " ".join(f"w{number}" for number in numbers)


def plain_parse(words: list[str]) -> Parse:
    tokens: list[Token] = []
    start = 0
    for index, word in enumerate(words):
        tokens.append(Token(start, start + len(word), word, "X", "XX", "dep", index))
        start += len(word) + 1
    return Parse(" ".join(words), tuple(tokens), ())


captions = st.lists(st.sampled_from("abcd"), max_size=6).map(plain_parse)


@given(captions, st.integers(1, 3), st.booleans())
def test_orders_are_distinct_and_never_the_caption(parse: Parse, n: int, remainder: bool) -> None:  # noqa: FBT001 (hypothesis passes it)
    found = [text for text in texts(Shuffle(n=n, remainder=remainder), parse) if text]
    assert normalise(parse.text) not in {normalise(text) for text in found}
    if not remainder:
        assert len(set(found)) == len(found)
    assert all(sorted(text) == sorted(parse.text) for text in found)


@given(captions, st.integers(1, 3))
def test_every_order_leads_back(parse: Parse, n: int) -> None:
    rule = Shuffle(n=n)
    for text in texts(rule, parse)[:6]:
        back = plain_parse(text.split())
        (slot,) = rule(back)
        assert parse.text in {edit.apply(text) for edit in slot.alternatives}


@given(captions)
def test_replacements_are_words(parse: Parse) -> None:
    for slot in Shuffle(n=1)(parse):
        for edit in islice(slot.alternatives, 20):
            assert all(text_at(parse.text, r.start, r.end) != r.text for r in edit.replacements)
