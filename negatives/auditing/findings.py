"""What an audit finds: by measure and group, a value with its interval, bar and verdict."""

import math
from collections.abc import Mapping
from typing import Literal, NamedTuple

Verdict = Literal["inside", "outside", "unproven", "not measured", "no bar"]

MIN_PAIRS = 1000  # with fewer pairs a finding is unproven
OVERALL = "overall"  # the group of all negatives


class Bar(NamedTuple):
    """The range that a value should lie in, both ends included."""

    low: float
    high: float


class Finding(NamedTuple):
    """One measure of one group of negatives.

    `measure`: its name ("words", "form", "fluency", "coverage", ...). `group`: "overall", a type
    ("swap"), or a type with its subtype ("swap/att"). `value` with its two-sided 95 % interval from
    `low` to `high`; None where it was not measured, with the reason in `why`. `num`: the pairs or
    captions that it is based on.
    """

    measure: str
    group: str
    value: float | None
    low: float | None
    high: float | None
    num: int
    bar: Bar | None
    why: str = ""

    def verdict(self) -> Verdict:
        """Return whether the value meets the bar; `unproven` with fewer than MIN_PAIRS pairs."""
        if self.value is None:
            return "not measured"
        if self.bar is None:
            return "no bar"
        if self.num < MIN_PAIRS:
            return "unproven"
        return "inside" if self.bar.low <= self.value <= self.bar.high else "outside"


class Audit(NamedTuple):
    """All findings about a folder.

    `name`: the folder's name, without its path. `fingerprint`: of its manifest. `judges`:
    by measure, the name and version of its reference model. `counts`: tables of numbers by title
    ("negatives by type", "rejects by reason", "caption lengths", ...), each in the order shown.
    """

    name: str
    fingerprint: str
    findings: tuple[Finding, ...]
    counts: Mapping[str, Mapping[str, int]]
    judges: Mapping[str, str]


class Sample(NamedTuple):
    """A negative to look at; `edits` are the spans of `text` that differ from the caption."""

    caption: str
    text: str
    edits: tuple[tuple[int, int], ...]
    type: str
    subtype: str
    rule: str
    score: float | None
    id: str


def format_value(value: float | None) -> str:
    """Return a number as it is shown; a dash for None."""
    if value is None:
        return "\N{EN DASH}"
    if math.isnan(value):
        return "no number"
    if math.isinf(value):
        return "\N{INFINITY}" if value > 0 else "\N{MINUS SIGN}\N{INFINITY}"
    return f"{value:.3f}"


def format_interval(finding: Finding) -> str:
    """Return both ends of a finding's interval, "" if it has none."""
    return (
        ""
        if finding.low is None
        else f"{format_value(finding.low)} to {format_value(finding.high)}"
    )


def format_bar(bar: Bar | None) -> str:
    """Return the range that a value should lie in."""
    if bar is None:
        return ""
    if bar.low == bar.high:
        return f"{bar.low:g}"
    if math.isinf(bar.high):
        return f"{bar.low:g} or more"
    return f"at most {bar.high:g}" if math.isinf(bar.low) else f"{bar.low:g} to {bar.high:g}"
