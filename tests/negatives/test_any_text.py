"""Whatever the caption, a build handles it or counts it; nothing outside an edit changes."""

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.edits import Edit
from data.texts import normalise
from negatives.api import choose_texts, generate, is_unicode
from negatives.config import build_config
from negatives.llm.asking import asks
from negatives.presets import PRESETS
from negatives.rules import RULES

SPECS = [{"rule": name} for name, cls in RULES.items() if not asks(cls)]
EVERY_RULE = build_config({"negatives": {"rules": SPECS, "choice": {"irreversible": True}}})
PLAIN = "A young man in a red shirt is riding a brown horse next to two white dogs."
WORDS = """
a an the A An two 2 one three no not without dog dogs man woman red orange old car hour unicorn
red-hat it's don't sitting rides is are on under in front of next to and , . ! ' " ( ) - --
's &amp; &lt; \N{DOG FACE} a\u0301 \u05db\u05dc\u05d1 DOG Dog \x00
""".split()  # noqa: SIM905 - a page of words reads better than a list of strings
ODD = [
    "",
    " ",
    "\x00",
    "\t\n\r",
    "!!!",
    "a",
    "A",
    "A red",
    "a\u0301 dog",
    "\N{DOG FACE}\N{ZERO WIDTH JOINER}\N{CAT FACE} two dogs",
    "\u05d2\u05d1\u05e8 \u05e2\u05dc \u05e1\u05d5\u05e1",
    "TWO DOGS ON A RED COUCH!!!",
    'Two dogs &amp; a cat &lt;br&gt; on a ""red"" couch',
    "  a  red   car  next   to   a  blue\tbus  ",
    "a red car next to a blue bus " * 300,
    "dog " * 2000,
    "\U000e0001tag",
    "\ud800 a red car",
    "a red car \udcff",
    "a\u00a0red\u2003car\u200bon\ufeffa\u2028street",
]


def check(text: str) -> None:
    ((found, chosen),) = choose_texts([text], EVERY_RULE)
    assert found == text
    if not is_unicode(text):
        assert chosen is None
        return
    assert chosen is not None
    for negative in chosen.negatives:
        assert negative.edit.apply(text) == negative.text
        assert normalise(negative.text) != normalise(text)
        assert negative.edit.undo(text).apply(negative.text) == text
        assert untouched_parts(text, negative.edit) == untouched_parts(
            negative.text, negative.edit.undo(text)
        )
    assert len({normalise(negative.text) for negative in chosen.negatives}) == len(chosen.negatives)


def untouched_parts(text: str, edit: Edit) -> list[str]:
    bounds = [0, *(bound for r in edit.replacements for bound in (r.start, r.end)), len(text)]
    return [text[start:end] for start, end in zip(bounds[::2], bounds[1::2], strict=True)]


@pytest.mark.parametrize("text", ODD)
def test_odd_captions(text: str) -> None:
    check(text)


@settings(max_examples=150, deadline=None)
@given(st.text(st.characters(), max_size=60))
def test_any_characters(text: str) -> None:
    check(text)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(WORDS), max_size=25), st.sampled_from([" ", "", "  "]))
def test_any_words(words: list[str], space: str) -> None:
    check(space.join(words))


def test_generate_streams_and_keeps_the_order() -> None:
    read: list[int] = []

    def captions() -> Iterator[str]:
        for number in range(100):
            read.append(number)
            yield ("\ud800 a red car", "A red car by a blue bus." * 9, PLAIN)[number % 3]

    options = {"batch_size": 6, "max_characters": 100}
    with pytest.warns(UserWarning, match="without a corpus model.* fluency_from=OUT"):
        made = generate(captions(), options=options)
    assert not read
    next(made)
    assert len(read) == 6
    rest = list(made)
    assert [text for text, _ in rest[:2]] == ["A red car by a blue bus." * 9, PLAIN]
    assert len(rest) == 99
    assert all(bool(negatives) <= (text == PLAIN) for text, negatives in rest)
    assert any(negatives for _, negatives in rest)


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_on_a_plain_caption(name: str) -> None:
    config = build_config({"negatives": {"preset": name}})
    ((_, chosen),) = choose_texts([PLAIN], config)
    assert chosen is not None
    assert chosen.negatives
    assert not {negative.text for negative in chosen.negatives} & {PLAIN}
    if PRESETS[name].source != "this project":
        by_rule = {spec["rule"] for spec in config.rules}
        for rule in by_rule:
            variants = [negative for negative in chosen.negatives if negative.rule == rule]
            assert len(variants) >= 5, rule
