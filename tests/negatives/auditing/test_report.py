"""The report: what it says, that captions stay text, that it stands alone, that all can read it."""

import math
import re
from base64 import b64encode
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.edits import Edit, Replacement
from data.tones import TONES
from negatives.auditing.findings import Audit, Bar, Finding, Sample
from negatives.auditing.marks import Piece, pieces, spans_before
from negatives.auditing.plots import axis_of
from negatives.auditing.report import html_of
from tests.negatives.auditing.browser import dom_after_script

EVIL = 'A "red" <b>car</b> & it\'s </table></script><script>alert(1)</script>'
WORDS = Bar(0.45, 0.55)
FINDINGS = (
    Finding("words", "overall", 0.512, 0.500, 0.524, 7000, WORDS),
    Finding("words", "swap", 0.610, 0.588, 0.632, 1900, WORDS),
    Finding("words", "swap/att", 0.470, 0.401, 0.539, 203, WORDS),
    Finding("fluency", "overall", None, None, None, 7000, Bar(0.4, 0.6), "judge <is> a scorer"),
    Finding("negatives a caption", "overall", 3.5, 3.4, 3.6, 2000, None),
)
COUNTS = {
    "negatives by type": {"swap/att": 30, "replace/obj <i>": 10},
    "rejects by reason": {f"reason {number}": 40 - number for number in range(20)},
    "caption lengths": {"5": 3, "7": 9, "11": 1},
    "duplicates": {},
}
SAMPLES = (
    Sample(EVIL, EVIL.replace("red", "blue"), ((3, 7),), "replace", "att", 'r"x', -1.5, "<i>:1"),
    Sample("A cat on a mat.", "A dog on a mat.", ((2, 5),), "replace", "obj", "r", None, "a:2"),
    *(
        Sample(f"{n} red cars", f"{n} blue cars", ((len(str(n)) + 1, len(str(n)) + 5),), "swap",
               "att", "swap", n / 7, f"a:{n}")
        for n in range(60)
    ),
)  # fmt: skip
AUDIT = Audit("out <of> us", "3f9a", FINDINGS, COUNTS, {"words": "logistic regression 1"})


class Page(HTMLParser):
    """The elements of a page with their attributes, and the text inside each kind of element."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {}
        self.rows: list[list[str]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in {"meta", "input"}:
            self.open.append(tag)
            self.texts.setdefault(tag, []).append("")
        if tag == "tr":
            self.rows.append([])
        elif tag in {"td", "th"}:
            self.rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        for tag in set(self.open):
            self.texts[tag][-1] += data
        if self.rows and {"td", "th"} & set(self.open):
            self.rows[-1][-1] += data.strip("\n")


TEXT = html_of(AUDIT, SAMPLES)
PAGE = Page(TEXT)


def test_captions_stay_text() -> None:
    assert not PAGE.open, "every element is closed"
    assert EVIL in PAGE.texts["p"]
    assert EVIL.replace("red", "blue") in PAGE.texts["p"]
    assert len(PAGE.texts["script"]) == 1
    assert not PAGE.texts.get("b", [])[5:], "five tiles have a number in bold, no caption has"
    assert not any(name.startswith("on") for _, given in PAGE.elements for name in given)
    assert any(given.get("data-rule") == 'r"x' for _, given in PAGE.elements)
    assert "out <of> us" in PAGE.texts["h1"]


def test_the_page_stands_alone() -> None:
    assert not re.search(r"https?:|@import|url\(", TEXT)
    assert all(
        given.get("href", "#").startswith("#") and "src" not in given  # type: ignore[union-attr]
        for _, given in PAGE.elements
    )
    (policy,) = (given["content"] for _, given in PAGE.elements if "http-equiv" in given)
    assert policy is not None
    assert "default-src 'none'" in policy
    assert not any("style" in given for _, given in PAGE.elements), "the policy refuses them"
    named = set(re.findall(r"var\(--([\w-]+)", TEXT)) - {"tone"}  # the page's own, from a class
    assert named == named & set(TONES)
    for tag in ("style", "script"):
        (content,) = PAGE.texts[tag]
        assert f"'sha256-{b64encode(sha256(content.encode()).digest()).decode()}'" in policy


def test_findings_are_told_with_their_verdict() -> None:
    rows = PAGE.rows
    assert ["overall", "", "0.512", "0.500 to 0.524", "0.45 to 0.55", "7,000", "● inside"] in rows
    assert any(row[::2][:2] == ["swap", "0.610"] and row[-1] == "◆ outside" for row in rows)
    assert any(row[::2][:2] == ["swap/att", "0.470"] and row[-1] == "○ unproven" for row in rows)
    assert any(row[-1].endswith("not measuredjudge <is> a scorer") for row in rows)
    assert "1 of 2 judged findings is outside the bar" in PAGE.texts["h2"]
    assert "Reference model: logistic regression 1" in PAGE.texts["p"]


@pytest.mark.parametrize(
    ("findings", "headline"),
    [
        (FINDINGS[:1], "Every judged finding is inside its bar: 1 of 1"),
        (FINDINGS[2:], "Nothing could be judged"),
        ((), "Nothing could be judged"),
        ([FINDINGS[1], FINDINGS[1]], "2 of 2 judged findings are outside the bar"),
    ],
)
def test_the_headline(findings: tuple[Finding, ...], headline: str) -> None:
    assert headline in Page(html_of(AUDIT._replace(findings=findings), ())).texts["h2"]


def test_every_table_has_headings_and_a_title() -> None:
    tables = PAGE.texts["table"]
    assert len(PAGE.texts["caption"]) == len(PAGE.texts["thead"]) == len(tables)
    assert all(PAGE.texts["caption"])
    assert all("scope" in given for tag, given in PAGE.elements if tag == "th")


def test_counts_are_columns_for_numbers_and_bars_for_names() -> None:
    kinds = [given.get("class") for tag, given in PAGE.elements if tag == "svg"]
    assert kinds.count("columns") == 1
    assert sum(tag == "meter" for tag, _ in PAGE.elements) == 2 + 20
    assert "13 in all, mean 6.8" in PAGE.texts["p"]
    assert "8 more" in PAGE.texts["summary"]
    assert "none" in PAGE.texts["p"]
    (heights,) = re.findall(r'<svg class="columns".*?</svg>', TEXT)
    shown = re.findall(r'class="column"[^>]*><title>(.*?)</title>', heights)
    assert shown == ["5: 3", "6: 0", "7: 9", "8: 0", "9: 0", "10: 0", "11: 1"]


def test_bars_without_an_end_and_groups_of_one_measure() -> None:
    findings = (
        *FINDINGS,
        Finding("mean", "overall", 1.4, 1.3, 1.5, 2000, Bar(2, math.inf)),
        Finding("repeated", "overall", 0.0, None, None, 2000, Bar(0, 0)),
        Finding("share", "swap/att", 0.3, None, None, 2000, Bar(0, 0.4)),
        Finding("share", "swap/obj", 0.5, None, None, 2000, Bar(0, 0.4)),
    )
    page = Page(html_of(AUDIT._replace(findings=findings), ()))
    assert axis_of([findings[-4]]).high == 3
    assert "2 or more" in page.texts["td"]
    assert "0" in page.texts["td"]
    overview = page.rows[: 1 + 6]
    assert overview[0] == ["Measure", "overall", "swap"]
    assert overview[-1] == ["share", "● 1 inside◆ 1 outside"]


@pytest.mark.parametrize(
    ("values", "ends"),
    [
        ((0.5, 0.45, 0.55), (0.4, 0.6)),
        ((0.3, 0.5, 0.5), (0.25, 0.75)),
        ((0.9, 0.9, 0.9), (0, 1)),
        ((0.9, 0.8, 3.6), (0, 4)),
        ((-2.0, -3.0, 9.0), (-5, 10)),
        ((120.0, 80.0, 160.0), (0, 200)),
    ],
)
def test_all_of_a_measure_is_on_its_axis(
    values: tuple[float, float, float], ends: tuple[float, float]
) -> None:
    axis = axis_of([Finding("m", "overall", *values, 10, None)])
    assert (axis.low, axis.high) == ends
    assert (axis.ticks[0], axis.ticks[-1]) == ends


def test_pieces_of_a_text() -> None:
    assert pieces("a red car", [(2, 5)]) == [
        Piece("a ", marked=False),
        Piece("red", marked=True),
        Piece(" car", marked=False),
    ]
    assert pieces("car", [(0, 0)]) == [Piece("", marked=True), Piece("car", marked=False)]


@given(st.text("ab ", max_size=12), st.lists(st.integers(0, 12), max_size=6), st.data())
def test_spans_before_are_those_of_the_edit_or_none(
    caption: str, offsets: list[int], data: st.DataObject
) -> None:
    cuts = sorted(min(offset, len(caption)) for offset in offsets[: len(offsets) // 2 * 2])
    spans = list(zip(cuts[::2], cuts[1::2], strict=True))
    new = data.draw(st.lists(st.text("abc", max_size=3), min_size=len(spans), max_size=len(spans)))
    if spans:
        edit = Edit(tuple(Replacement(*span, text) for span, text in zip(spans, new, strict=True)))
        found = spans_before(caption, edit.apply(caption), edit.spans_after())
        assert found in {(), tuple(spans)}
        assert len(spans) > 1 or found


@pytest.mark.parametrize(
    ("caption", "text", "edits", "expected"),
    [
        ("a red car, a blue bus", "a blue car, a red bus", [(2, 6), (14, 17)], [(2, 5), (13, 17)]),
        ("a red car", "a car", [(2, 2)], [(2, 6)]),
        ("no relation", "something else", [(0, 3)], []),
        ("abc", "abc", [], []),
        ("ab", "xabab", [(2, 2)], []),
    ],
)
def test_what_was_taken_out_is_found_again(
    caption: str, text: str, edits: list[tuple[int, int]], expected: list[tuple[int, int]]
) -> None:
    assert list(spans_before(caption, text, edits)) == expected


def test_what_has_no_end_is_said() -> None:
    findings = (
        Finding("mean", "overall", 1.4, -math.inf, math.inf, 2, Bar(2, math.inf)),
        Finding("odd", "overall", math.nan, None, None, 2000, None),
    )
    rows = Page(html_of(AUDIT._replace(findings=findings), ())).rows
    unending = ["overall", "", "1.400", "\u2212\u221e to \u221e", "2 or more", "2", "○ unproven"]
    assert unending in rows
    assert ["overall", "", "no number", "", "", "2,000", "■ no bar"] in rows


def run_script(script: str, folder: Path) -> list[str]:
    """Return the ids of the sample's rows that are shown after a script has used the controls."""
    open_page = re.sub(r"<meta http-equiv[^>]*>", "", TEXT)  # the policy would refuse the script
    event = 'document.getElementById("controls").dispatchEvent(new Event("input"))'
    page = open_page.replace("</body>", f"<script>{script};{event}</script></body>")
    assert len(page) > len(open_page) < len(TEXT)
    rows = re.findall(
        r"<tr ([^>]*data-type[^>]*)>(.*?)</tr>", dom_after_script(page, folder), re.DOTALL
    )
    shown = [row for given, row in rows if "hidden" not in given]
    return [
        re.sub(r"<[^>]*>", "", re.findall(r'<td data-label="id".*?</td>', row)[0]) for row in shown
    ]


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"type": "replace"}, ["&lt;i&gt;:1", "a:2"]),
        ({"type": "replace", "order": "down"}, ["&lt;i&gt;:1", "a:2"]),
        ({"type": "replace", "greatest": "0"}, ["&lt;i&gt;:1"]),
        ({"least": "1", "greatest": "1.5", "order": "down"}, ["a:10", "a:9", "a:8", "a:7"]),
        ({"least": "8"}, ["a:56", "a:57", "a:58", "a:59"]),
        ({"type": "swap/att", "greatest": "-1"}, []),
        ({"rule": "r", "text": "MAT"}, ["a:2"]),
    ],
)
def test_in_a_browser_the_sample_is_filtered(
    settings: dict[str, str], expected: list[str], tmp_path: Path
) -> None:
    lines = [
        f"document.getElementById({name!r}).value = {value!r}" for name, value in settings.items()
    ]
    assert run_script(";".join(lines), tmp_path) == expected


def test_samples_without_a_score_have_no_bounds_of_it() -> None:
    page = Page(html_of(AUDIT, SAMPLES[1:2]))
    assert not {"least", "greatest"} & {given.get("id") for _, given in page.elements}


def test_in_a_browser_the_sample_can_be_leafed_through(tmp_path: Path) -> None:
    dom = dom_after_script(TEXT, tmp_path)
    assert "50 shown of 62 found, 62 in all" in dom
    (controls,) = re.findall(r"<form[^>]*>", dom)
    assert "hidden" not in controls
    rows = re.findall(r"<tr [^>]*data-type[^>]*>", dom)
    assert sum("hidden" in row for row in rows) == len(rows) - 50 == 12
