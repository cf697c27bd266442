"""The part of a report in which a sample of negatives can be searched, filtered and sorted.

Every pair stands in the page as it was written; the page's script hides and orders rows, nothing
more, so that without it the whole sample is still there to be read.
"""

from collections.abc import Sequence
from typing import Final

from negatives.audit.findings import Sample
from negatives.audit.marks import Spans, pieces, spans_before
from negatives.audit.markup import Html, element, joined

_CONTROLS: Final = "type rule least greatest text order"


def browser(samples: Sequence[Sample]) -> Html:
    """Return the section: controls, and a row for each sample."""
    heading = element("h2", {"id": "sample"}, "Sample")
    if not samples:
        none = element("p", {"class": "muted"}, "There is no negative to show.")
        return element("section", {"aria-labelledby": "sample"}, heading, none)
    headings = ("Caption and negative", "Type", "Rule", "Score", "Id")
    cells = [element("th", {"scope": "col"}, name) for name in headings]
    table = element(
        "table",
        {"class": "samples", "id": "samples"},
        element("caption", {"class": "spoken"}, "Captions with a negative each, edits marked"),
        element("thead", None, element("tr", None, *cells)),
        element("tbody", None, *map(_row, samples)),
    )
    note = element(
        "p",
        {"class": "muted"},
        "Above, the caption, with what was taken out; below, its negative, with what was put in. "
        "The score is log p(negative) \N{MINUS SIGN} log p(caption) in nats under the build's own "
        "model.",
    )
    more = element("button", {"type": "button", "id": "more", "hidden": ""}, "Show more")
    return element(
        "section",
        {"aria-labelledby": "sample"},
        *(heading, note, _controls(samples)),
        element("div", {"class": "card"}, table),
        more,
    )


def marked(text: str, spans: Spans, *, name: str) -> Html:
    """Return a text with its spans in elements of this name, "ins" or "del" or "mark"."""
    return joined(
        *(
            element(name, {} if piece.text else {"class": "empty"}, piece.text)
            if piece.marked
            else piece.text
            for piece in pieces(text, spans)
        )
    )


def _row(sample: Sample) -> Html:
    removed = spans_before(sample.caption, sample.text, sample.edits)
    before = marked(sample.caption, removed, name="del")
    after = marked(sample.text, sample.edits, name="ins")
    kind = f"{sample.type}/{sample.subtype}"
    score = "" if sample.score is None else f"{sample.score:+.2f}"
    facts = {"data-type": kind, "data-rule": sample.rule}
    if sample.score is not None:
        facts["data-score"] = repr(sample.score)
    return element(
        "tr",
        facts,
        element(
            "td",
            {"class": "pair"},
            element("p", {"dir": "auto", "class": "before"}, before),
            element("p", {"dir": "auto", "class": "after"}, after),
        ),
        element("td", {"data-label": "type"}, element("span", {"class": "tag"}, kind)),
        element("td", {"data-label": "rule"}, sample.rule),
        element("td", {"data-label": "score", "class": "number"}, score),
        element("td", {"data-label": "id", "class": "id muted"}, sample.id),
    )


def _controls(samples: Sequence[Sample]) -> Html:
    kinds = sorted({f"{sample.type}/{sample.subtype}" for sample in samples})
    types = sorted({sample.type for sample in samples})
    rules = sorted({sample.rule for sample in samples})
    orders = {"": "as drawn"}
    bounds: list[Html] = []
    if any(sample.score is not None for sample in samples):
        orders |= {"down": "highest score first", "up": "lowest score first"}
        number = {"type": "number", "step": "any"}
        bounds = [
            _labelled(label, element("input", {**number, "id": name, "placeholder": "any"}))
            for name, label in (("least", "Score from"), ("greatest", "Score to"))
        ]
    search = {"type": "search", "id": "text", "placeholder": "a word or an id", "dir": "auto"}
    names = {name: name for name in sorted({*types, *kinds})}
    return element(
        "form",
        {"class": "controls", "id": "controls", "hidden": ""},
        _labelled("Type", _select("type", {"": "all types", **names})),
        _labelled("Rule", _select("rule", {"": "all rules", **{rule: rule for rule in rules}})),
        *bounds,
        _labelled("Search", element("input", search)),
        _labelled("Order", _select("order", orders)),
        element("output", {"id": "shown", "for": _CONTROLS, "aria-live": "polite"}),
    )


def _select(identity: str, options: dict[str, str]) -> Html:
    entries = [element("option", {"value": value}, label) for value, label in options.items()]
    return element("select", {"id": identity}, *entries)


def _labelled(label: str, control: Html) -> Html:
    return element("label", None, element("span", None, label), control)
