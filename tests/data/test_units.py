"""What must stay whole: characters of several code points, and markup."""

import subprocess
import sys
from itertools import pairwise

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from data.edits import Edit, Replacement, edit_between, splits_a_unit, text_at
from data.units import NO_UNITS, units_of

ROCKET = "\N{WOMAN}\N{ZERO WIDTH JOINER}\N{ROCKET}"
FLAG = "\N{REGIONAL INDICATOR SYMBOL LETTER D}\N{REGIONAL INDICATOR SYMBOL LETTER E}"
UNITS = (
    ROCKET, FLAG, "\N{WAVING HAND SIGN}\N{EMOJI MODIFIER FITZPATRICK TYPE-4}", "1\ufe0f\u20e3",
    "\u0915\u094d\u0937\u093f", "\r\n", "<PERSON>", "<b>", "</b>", "<br/>", "<!-- red car -->",
    '<a href="x" class=\'red car\'>', "&amp;", "&#39;", "&#x27;", "&amp;quot;", "https://x.org/a?b=1",
    "s3://bucket/red-car.jpg", "www.redcar.org/a", "redcar.com", "red.car@mail.example.org",
    "@red_car", "#redcar", "#2dogs", ":red_car:", ":+1:",
)  # fmt: skip
NO_UNIT = (
    "A man in a red shirt.", "", "at&t and R&B & co", "player # 25, no. 7", "#7", "<3 a < b > c",
    "10:30:45", "note: two dogs", "wi-fi @ home", "board.Cabbage", "S.C.U.B.A.", "1.5", "red/blue",
    "caf\N{LATIN SMALL LETTER E WITH ACUTE} \N{DOG FACE}\N{CAT FACE}", "isn\u2019t",
    "\u05db\u05dc\u05d1",
)  # fmt: skip


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize(("before", "after"), [("", ""), ("a red ", " car"), ("(", "), see")])
def test_a_unit_is_found_in_a_caption(unit: str, before: str, after: str) -> None:
    (span,) = units_of(before + unit + after).spans
    assert span == (len(before), len(before + unit))


@pytest.mark.parametrize("text", NO_UNIT)
def test_ordinary_text_has_none(text: str) -> None:
    assert units_of(text) == NO_UNITS


@given(st.text(st.characters() | st.sampled_from("\u200d\ufe0f\u0301\u1100\u1161\r\n<>&;:@#.a")))
def test_units_lie_in_order_and_hold_every_cluster(text: str) -> None:
    spans = units_of(text).spans
    assert all(last <= first for (_, last), (first, _) in pairwise(spans))
    for match in regex.finditer(r"\X", text):
        start, end = match.span()
        held = any(first <= start and end <= last for first, last in spans)
        assert held or end - start == 1


@pytest.mark.parametrize(
    ("before", "replaced", "expected"),
    [
        (f"{ROCKET} rides", [(0, 1, "a")], True),
        (f"{ROCKET} rides", [(1, 2, "")], True),
        (f"{ROCKET} rides", [(0, 3, "a man")], False),
        (f"{ROCKET} rides", [(3, 3, "!")], False),
        ("a cafe\u0301", [(2, 6, "bar")], True),
        ("a cafe\u0301", [(2, 7, "bar")], False),
        ("a cafe", [(2, 6, "\u0301x")], True),  # the accent would join the space before it
        ("a <b>red</b> car", [(5, 8, "blue")], False),
        ("a <b>red</b> car", [(3, 4, "i")], True),
        ("a <b>red</b> car", [(2, 12, "blue")], False),
        ("a <b>red</b> car", [(5, 16, "bus")], True),  # takes one tag of two
        ("a <b>red</b> car", [(2, 8, "blue")], True),
        ("a <b>red</b> car", [(2, 12, "car"), (13, 16, "<b>red</b>")], False),
        ("a <i>x <b>y</b> z</i>", [(7, 15, "w")], False),
        ("a <PERSON> and a dog", [(3, 9, "man")], True),
        ("a <PERSON> and a dog", [(2, 10, "dog"), (17, 20, "<PERSON>")], False),
        ("a red car", [(2, 5, "<b>red</b>")], False),
        ("&lt;b", [(4, 5, "red")], False),
        ("&l;", [(2, 2, "t")], True),
    ],
)
def test_which_edits_split_a_unit(
    before: str, replaced: list[tuple[int, int, str]], *, expected: bool
) -> None:
    edit = Edit(tuple(Replacement(*each) for each in replaced))
    after = edit.apply(before)
    units, units_after = units_of(before), units_of(after)
    assert splits_a_unit(edit, units, units_after) == expected
    assert splits_a_unit(edit.undo(before), units_after, units) == expected


_TEXTS = st.lists(st.sampled_from(("red", "car", " ", "\u0301", "2", "-", *UNITS))).map("".join)


@given(_TEXTS, _TEXTS)
def test_an_edit_between_texts_splits_none(before: str, after: str) -> None:
    edit = edit_between(before, after)
    assert (edit is None) == (before == after)
    if edit is None:
        return
    assert edit.apply(before) == after
    ends = [(each.start, each.end) for each in edit.replacements]
    for text, spans in ((before, ends), (after, edit.spans_after())):
        inside = {p for first, last in units_of(text).spans for p in range(first + 1, last)}
        assert not inside & {place for span in spans for place in span}


def test_an_edit_between_texts_takes_accented_words_whole() -> None:
    edit = edit_between("a re\u0301sume\u0301 here", "a cat here")
    assert edit == Edit((Replacement(2, 10, "cat"),))
    edit = edit_between(f"{ROCKET} & {FLAG}", f"{ROCKET} &amp; \N{DOG FACE}")
    assert edit is not None
    assert [text_at(f"{ROCKET} & {FLAG}", r.start, r.end) for r in edit.replacements] == ["&", FLAG]


def test_ascii_needs_no_library() -> None:
    code = (
        "import sys; from data.units import units_of; units_of('a <b>red</b> car, x@y.org');"
        "print('regex' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False"
