"""An audit as one self-contained page: verdicts, intervals, counts and a sample to browse."""

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Final, NamedTuple

from data.plots import Svg
from negatives.auditing.browsing import choices_of, mark_samples
from negatives.auditing.cards import Card
from negatives.auditing.figures import figure_of
from negatives.auditing.findings import MIN_PAIRS, OVERALL, Audit, Finding, Sample, Verdict
from negatives.auditing.pages import page
from negatives.auditing.plots import axis_of, interval, ticks

_SIGNS: Final[Mapping[Verdict, str]] = {
    "inside": "●",
    "outside": "◆",
    "unproven": "○",
    "not measured": "\N{EN DASH}",
    "no bar": "■",
}
_MEANINGS: Final[Mapping[Verdict, str]] = {
    "inside": "the value is inside its bar",
    "outside": "the value is outside its bar",
    "unproven": f"fewer than {MIN_PAIRS:,} pairs",
    "not measured": "the table says why",
    "no bar": "reported, not judged",
}
ABOUT: Final[Mapping[str, str]] = {
    "words": "A classifier trained on words and characters reads a caption and its negative, but "
    "no image: how often it scores the caption higher. At 0.5 it cannot tell them apart.",
    "form": "The same classifier on form alone: first letter, final mark, spacing, a/an, capitals, "
    "length. At 0.5 form gives nothing away.",
    "fluency": "How often a language model that took no part in the build finds the caption more "
    "probable than its negative. At 0.5 negatives are as fluent as captions.",
    "words of one type": "The same, trained on the pairs of one type alone: what gives one type "
    "away may be common in another.",
    "negatives a caption": "The mean number of negatives per caption.",
    "share of negatives": "The share of all negatives that are of this kind. Training balances "
    "kinds.",
    "repeated texts": "The share of negatives that equal their caption, another caption of the "
    "image or another negative of the row.",
    "still true": "How often captions of the image that the build has not read mention what the "
    "edit inserted, divided by how often they mention what it removed: an estimate of the share of "
    "negatives that are still true.",
    "distinct edits": "The number of distinct edits per negative.",
    "contamination": "The share of captions that are, or have a negative that is, in a benchmark's "
    "file.",
    "coverage": "The share of captions with at least one negative.",
    "medoid": "A reader of a whole row picks the text that is most like the others. A row of "
    "several one-edit negatives betrays its caption, so never publish rows as questions.",
}


class Measure(NamedTuple):
    """A measure as the page shows it.

    `overview`: its finding for each group, for the table at the top. A measure without these groups
    has its only finding there, or, if it has several, `verdicts`: the number of findings by
    verdict.
    """

    name: str
    anchor: str
    notes: Sequence[str]
    ticks: Svg
    findings: Sequence[tuple[Finding, Svg]]
    overview: Sequence[Finding | None]
    verdicts: Mapping[Verdict, int]


def html_of(audit: Audit, samples: Sequence[Sample], cards: Sequence[Card] = ()) -> str:
    """Return the report as an HTML page that needs neither a network nor other files.

    `cards`: rows with their pictures.
    """
    by_measure = {
        measure: list(group)
        for measure, group in groupby(_by_measure(audit.findings), lambda found: found.measure)
    }
    groups = _groups(by_measure)
    found = Counter(finding.verdict() for finding in audit.findings)
    shown = mark_samples(samples)
    context = {
        "audit": audit,
        "headline": _headline(found),
        "num_by_verdict": found,
        "signs": _SIGNS,
        "meanings": _MEANINGS,
        "groups": groups,
        "measures": [_measure(*item, audit, groups) for item in by_measure.items()],
        "figures": [figure_of(title, counts) for title, counts in audit.counts.items()],
        "samples": shown,
        "cards": cards,
        "choices": choices_of(shown),
    }
    return page("report", context)


def _by_measure(findings: Sequence[Finding]) -> list[Finding]:
    order = list(dict.fromkeys(finding.measure for finding in findings))
    return sorted(findings, key=lambda finding: order.index(finding.measure))


def _headline(found: Counter[Verdict]) -> str:
    judged = found["inside"] + found["outside"]
    if not judged:
        return "Nothing could be judged"
    if not found["outside"]:
        return f"Every judged finding is inside its bar: {judged} of {judged}"
    are = "is" if found["outside"] == 1 else "are"
    return f"{found['outside']} of {judged} judged findings {are} outside the bar"


def _groups(by_measure: Mapping[str, Sequence[Finding]]) -> list[str]:
    """Return the types of negatives; measures without an overall finding have other groups."""
    return list(
        dict.fromkeys(
            found.group
            for findings in by_measure.values()
            if any(found.group == OVERALL for found in findings)
            for found in findings
            if "/" not in found.group
        )
    )


def _measure(
    name: str, findings: Sequence[Finding], audit: Audit, groups: Sequence[str]
) -> Measure:
    axis = axis_of(findings)
    of_group = {finding.group: finding for finding in findings}
    overview: list[Finding | None] = [of_group.get(group) for group in groups]
    if not any(overview):
        overview = list(findings) if len(findings) == 1 else []
    notes = [
        ABOUT.get(name, ""),
        f"Reference model: {audit.judges[name]}" if name in audit.judges else "",
    ]
    return Measure(
        name=name,
        anchor="measure-" + "-".join(name.split()),
        notes=[note for note in notes if note],
        ticks=ticks(axis),
        findings=[(finding, interval(finding, axis)) for finding in findings],
        overview=overview,
        verdicts={} if overview else Counter(finding.verdict() for finding in findings),
    )
