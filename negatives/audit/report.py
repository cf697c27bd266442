"""An audit as one self-contained page: verdicts, intervals, counts and a sample to leaf through."""

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Final, get_args

from negatives.audit.browsing import browser
from negatives.audit.figures import figure_of
from negatives.audit.findings import (
    MIN_PAIRS,
    OVERALL,
    Audit,
    Finding,
    Sample,
    Verdict,
    shown,
    shown_bar,
    shown_interval,
)
from negatives.audit.markup import Html, element, joined, page, spoken, table
from negatives.audit.plots import axis_of, interval, ticks

VERDICTS: Final[tuple[Verdict, ...]] = get_args(Verdict)
_SIGNS: Final[Mapping[Verdict, str]] = {
    "inside": "●",
    "outside": "◆",
    "unproven": "○",
    "not measured": "\N{EN DASH}",
    "no bar": "■",
}
_MEANINGS: Final[Mapping[Verdict, str]] = {
    "inside": "the value keeps its bar",
    "outside": "the value breaks its bar",
    "unproven": f"fewer than {MIN_PAIRS:,} pairs",
    "not measured": "the table says why",
    "no bar": "told, not judged",
}
ABOUT: Final[Mapping[str, str]] = {
    "words": "A classifier trained on words and characters reads a caption and its negative, but "
    "no image: how often it scores the caption higher. At 0.5 it cannot tell them apart.",
    "form": "The same classifier on form alone: first letter, final mark, spacing, a/an, capitals, "
    "length. At 0.5 form gives nothing away.",
    "fluency": "How often a language model that had no part in the build finds the caption more "
    "probable than its negative. At 0.5 negatives are as fluent as captions.",
    "words of one type": "The same, trained on the pairs of one type alone: what gives one type "
    "away may be usual in another.",
    "negatives a caption": "How many negatives a caption has on average.",
    "share of negatives": "How many of all negatives are of this kind; no kind should outweigh.",
    "repeated texts": "The share of negatives that equal their caption, another caption of the "
    "image or another negative of the row.",
    "distinct edits": "How many different edits there are for each negative.",
    "contamination": "The share of captions of which a text, caption or negative, is in a "
    "benchmark's file, too.",
    "coverage": "The share of captions with at least one negative.",
    "medoid": "A reader of a whole row picks the text that is most like the others. A row of "
    "several one-edit negatives betrays its caption, so rows are no multiple-choice questions.",
}


def html_of(audit: Audit, samples: Sequence[Sample]) -> str:
    """Return the report as an HTML page that needs no network and no other file."""
    by_measure = {
        measure: list(group)
        for measure, group in groupby(_by_measure(audit.findings), lambda found: found.measure)
    }
    figures = [figure_of(title, counts) for title, counts in audit.counts.items()]
    main = element(
        "main",
        None,
        _summary(audit),
        _glance(by_measure),
        *(_measure(name, found, audit) for name, found in by_measure.items()),
        _section("Counts", element("div", {"class": "figures"}, *figures), identity="counts"),
        browser(samples),
    )
    body = joined(_header(audit), main, _footer())
    return page(f"Audit of {audit.name}", body, name="report")


def _by_measure(findings: Sequence[Finding]) -> list[Finding]:
    order = list(dict.fromkeys(finding.measure for finding in findings))
    return sorted(findings, key=lambda finding: order.index(finding.measure))


def _header(audit: Audit) -> Html:
    return element(
        "header",
        {"class": "top"},
        element("p", {"class": "kicker"}, "Audit of hard negatives"),
        element("h1", {"dir": "auto"}, audit.name),
        element("p", {"class": "muted"}, "manifest ", element("code", None, audit.fingerprint)),
        element("button", {"type": "button", "id": "theme", "hidden": ""}, "Dark or light"),
    )


def _summary(audit: Audit) -> Html:
    found = Counter(finding.verdict() for finding in audit.findings)
    tiles = [
        element(
            "li",
            {"class": f"tile {_class(verdict)}"},
            element("b", None, str(found[verdict])),
            element("span", None, f"{_SIGNS[verdict]} {verdict}"),
            element("small", None, _MEANINGS[verdict]),
        )
        for verdict in VERDICTS
    ]
    return element(
        "section",
        {"aria-labelledby": "verdict"},
        element("h2", {"id": "verdict", "class": "headline"}, _headline(found)),
        element("ul", {"class": "tiles"}, *tiles),
    )


def _headline(found: Counter[Verdict]) -> str:
    judged = found["inside"] + found["outside"]
    if not judged:
        return "Nothing could be judged"
    if not found["outside"]:
        return f"Every judged finding is inside its bar: {judged} of {judged}"
    are = "is" if found["outside"] == 1 else "are"
    return f"{found['outside']} of {judged} judged findings {are} outside the bar"


def _glance(by_measure: Mapping[str, Sequence[Finding]]) -> Html:
    """Return the table of measures by types; groups of a measure with no overall are no types."""
    groups = list(
        dict.fromkeys(
            found.group
            for findings in by_measure.values()
            if any(found.group == OVERALL for found in findings)
            for found in findings
            if "/" not in found.group
        )
    )
    rows = []
    for measure, findings in by_measure.items():
        of_group = {finding.group: finding for finding in findings}
        if of_group.keys() & set(groups):
            cells = [_glance_cell(of_group.get(group)) for group in groups]
        else:
            cells = [_glance_summary(findings, width=len(groups))]
        link = element("a", {"href": f"#{_anchor(measure)}"}, measure)
        rows.append(element("tr", None, element("th", {"scope": "row"}, link), *cells))
    whole = table("Value and verdict by measure and type", ["Measure", *groups], rows)
    return _section("At a glance", _scrolling("Findings at a glance", whole), identity="glance")


def _glance_summary(findings: Sequence[Finding], *, width: int) -> Html:
    if len(findings) == 1:
        return _glance_cell(findings[0])
    found = Counter(finding.verdict() for finding in findings)
    parts = [
        element(
            "span", {"class": f"verdict {_class(verdict)}"}, _sign(verdict), f" {num} {verdict} "
        )
        for verdict, num in found.items()
    ]
    return element("td", {"colspan": str(max(width, 1))}, *parts)


def _glance_cell(finding: Finding | None) -> Html:
    if finding is None:
        return element("td")
    verdict = finding.verdict()
    kind = {"class": f"verdict {_class(verdict)}"}
    if finding.value is None:
        return element("td", kind, verdict)
    return element("td", kind, _sign(verdict), f" {shown(finding.value)}", spoken(f" {verdict}"))


def _measure(name: str, findings: Sequence[Finding], audit: Audit) -> Html:
    axis = axis_of(findings)
    headings = ["Group", "Value", "95 % interval", "Bar", "Rests on", "Verdict"]
    head = [element("th", {"scope": "col"}, heading) for heading in headings]
    head.insert(1, element("th", {"scope": "col", "class": "plot"}, ticks(axis), spoken("Plot")))
    rows = []
    for finding in findings:
        cells = _finding_cells(finding)
        cells.insert(1, element("td", {"class": "plot"}, interval(finding, axis)))
        rows.append(element("tr", None, *cells))
    whole = element(
        "table",
        {"class": "findings"},
        element("caption", {"class": "spoken"}, f"{name}: findings by group"),
        element("thead", None, element("tr", None, *head)),
        element("tbody", None, *rows),
    )
    notes = [ABOUT.get(name, ""), f"Judge: {audit.judges[name]}" if name in audit.judges else ""]
    paragraphs = [element("p", {"class": "muted"}, note) for note in notes if note]
    body = joined(*paragraphs, _scrolling(f"Findings of {name}", whole))
    return _section(name, body, identity=_anchor(name))


def _finding_cells(finding: Finding) -> list[Html]:
    verdict = finding.verdict()
    why = [element("small", None, finding.why)] if finding.why else []
    depth = " sub" if "/" in finding.group else ""
    return [
        element("th", {"scope": "row", "class": f"group{depth}"}, finding.group),
        element("td", {"class": "number value"}, shown(finding.value)),
        element("td", {"class": "number", "data-label": ""}, shown_interval(finding)),
        element("td", {"class": "number", "data-label": "bar"}, shown_bar(finding.bar)),
        element("td", {"class": "number", "data-label": "of"}, f"{finding.num:,}"),
        element(
            "td",
            {"class": f"verdict {_class(verdict)}"},
            _sign(verdict),
            f" {verdict}",
            *why,
        ),
    ]


def _sign(verdict: Verdict) -> Html:
    given = {"class": "sign", "title": verdict, "aria-hidden": "true"}
    return element("span", given, _SIGNS[verdict])


def _section(title: str, body: Html, *, identity: str) -> Html:
    heading = element("h2", {"id": identity}, title)
    return element("section", {"aria-labelledby": identity}, heading, body)


def _scrolling(label: str, whole: Html) -> Html:
    """Return a table that scrolls by itself where the window is narrow, with the keys too."""
    given = {"class": "card scroll", "role": "region", "aria-label": label, "tabindex": "0"}
    return element("div", given, whole)


def _footer() -> Html:
    text = (
        "Intervals are two-sided, 95 %. The page is one file and asks for nothing over the network."
    )
    return element("footer", {"class": "muted"}, text)


def _class(verdict: Verdict) -> str:
    return verdict.replace(" ", "-")


def _anchor(measure: str) -> str:
    return "measure-" + "-".join(measure.split())
