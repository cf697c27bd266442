"""A pipeline's outcome as one page: what ran, the negatives, the training, the scores."""

import json
from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, Final

from data.manifest import read_all_rows, read_manifest
from negatives.audit.browsing import marked
from negatives.audit.figures import figure_of
from negatives.audit.findings import Sample
from negatives.audit.marks import spans_before
from negatives.audit.markup import Html, element, joined, page, table
from negatives.audit.samples import samples_of
from negatives.pipeline.charts import Line, chart
from negatives.pipeline.plan import AUDIT, PAGE, RESULTS, RUN, SHARDS
from negatives.pipeline.stages import Account

_ROWS_LOOKED_AT: Final = 5000
_SAMPLES: Final = 12
_TERMS: Final = {"loss": "loss", "clip": "contrastive", "global": "global", "local": "local"}


def html_of(out: Path, accounts: Sequence[Account], *, title: str) -> str:
    """Return the page of the stages that are done; `out` is the pipeline's folder."""
    folders = {account.name: out / account.folder for account in accounts}
    sections = [_account(accounts)]
    if "evaluate" in folders:
        sections.append(_scores(folders["evaluate"] / RESULTS))
    sections.append(_negatives(folders["build"] / SHARDS))
    if "audit" in folders:
        sections.append(_audit(folders["audit"], out))
    if "train" in folders:
        sections.append(_training(folders["train"] / RUN))
    header = element(
        "header",
        {"class": "top"},
        element("p", {"class": "kicker"}, "Captions to hard negatives to CLIP"),
        element("h1", {"dir": "auto"}, title),
        element("button", {"type": "button", "id": "theme", "hidden": ""}, "Dark or light"),
    )
    body = joined(header, element("main", None, *sections))
    return page(f"{title}: report", body, name="pipeline")


def _section(title: str, *children: Html) -> Html:
    return element("section", None, element("h2", None, title), *children)


def _card(*children: Html) -> Html:
    return element("div", {"class": "card scroll"}, *children)


def _row(name: str, *cells: str) -> Html:
    head = element("th", {"scope": "row"}, name)
    return element("tr", None, head, *(element("td", {"class": "number"}, c) for c in cells))


def _account(accounts: Sequence[Account]) -> Html:
    rows = [
        _row(
            account.name,
            "ran now" if account.ran else "unchanged, kept",
            f"{account.seconds:,.0f} s",
            account.finished.replace("T", " ").removesuffix("+00:00"),
            account.folder,
        )
        for account in accounts
    ]
    headings = ("Stage", "What became of it", "Took", "Finished (UTC)", "Folder")
    return _section("What ran", _card(table("Stages", headings, rows)))


def _negatives(shards: Path) -> Html:
    manifest = read_manifest(shards)
    rows = list(islice(read_all_rows(shards, manifest), _ROWS_LOOKED_AT))
    samples = samples_of(rows, _SAMPLES, seed=0)
    counts: dict[str, int] = {}
    for row in rows:
        for negative in row.negatives:
            kind = f"{negative.type}/{negative.subtype}"
            counts[kind] = counts.get(kind, 0) + 1
    cut = len(rows) == _ROWS_LOOKED_AT
    some = sum(bool(row.negatives) for row in rows)
    told = (
        f"{sum(counts.values()):,} negatives of {'the first ' * cut}{len(rows):,} captions; "
        f"{some / len(rows):.0%} of them have one or more."
        if rows
        else "There is no caption."
    )
    return _section(
        "Hard negatives",
        element("p", {"class": "muted"}, told),
        element("ul", {"class": "pairs"}, *map(_pair, samples)),
        element("div", {"class": "figures"}, figure_of("negatives by type", counts)),
    )


def _pair(sample: Sample) -> Html:
    removed = spans_before(sample.caption, sample.text, sample.edits)
    return element(
        "li",
        {"class": "card"},
        element("span", {"class": "tag"}, f"{sample.type}/{sample.subtype}"),
        element(
            "p", {"class": "before", "dir": "auto"}, marked(sample.caption, removed, name="del")
        ),
        element("p", {"dir": "auto"}, marked(sample.text, sample.edits, name="ins")),
    )


def _audit(folder: Path, out: Path) -> Html:
    findings = json.loads((folder / AUDIT).read_text(encoding="utf-8"))["findings"]
    rows = [
        _row(
            f"{finding['measure']}: {finding['group']}",
            _decimal(finding["value"]),
            _interval(finding["low"], finding["high"]),
            finding["verdict"],
        )
        for finding in findings
        if finding["group"] in {"all", "overall"} or finding["verdict"] == "outside"
    ]
    link = element("a", {"href": f"{folder.relative_to(out).as_posix()}/{PAGE}"}, "The whole audit")
    return _section(
        "Audit",
        element(
            "p", {"class": "muted"}, "What gives negatives away without a picture. ", link, "."
        ),
        _card(table("Audit", ("Measure", "Value", "95 %", "Verdict"), rows)),
    )


def _training(run: Path) -> Html:
    lines = (run / "log.jsonl").read_text(encoding="utf-8").splitlines()
    records = [json.loads(line) for line in lines]
    curves = [
        Line(label, [(r["step"], r[term]) for r in records if r.get(term) is not None])
        for term, label in _TERMS.items()
    ]
    drawn = [line for line in curves if len(line.points) > 1]
    last: Mapping[str, Any] = next((r for r in reversed(records) if "loss" in r), {})
    told = (
        f"{last['step']:,} steps, {last['images_per_s']:,.0f} images/s at the end; "
        f"{last['wait_share']:.1%} of the time spent waiting for data."
        if last
        else "Nothing was logged."
    )
    pictures = [_card(chart("Loss", drawn, across="step", up="loss"))] if drawn else []
    return _section(
        "Training", element("p", {"class": "muted"}, told), *pictures, _validation(records)
    )


def _validation(records: Sequence[Mapping[str, Any]]) -> Html:
    """Return what was measured on the validation split, where it was more than once."""
    measured = [record for record in records if "validation" in record]
    if len(measured) < 2:
        return joined()
    last = measured[-1]["validation"]
    lines = [
        Line(name, [(r["step"], 100 * r["validation"][name]) for r in measured])
        for name in ("retrieval", "composition")
        if last[name] is not None
    ]
    note = f"On {last['captions']:,} captions of the validation split: its picture found in a batch"
    if last["composition"] is not None:
        chance = f"{last['composition_chance']:.0%} by chance"
        note += f"; the caption above each of its negatives ({chance})"
    note += "."
    picture = chart("Validation", lines, across="step", up="%")
    return joined(element("p", {"class": "muted"}, note), _card(picture))


def _scores(folder: Path) -> Html:
    runs = [json.loads(p.read_text(encoding="utf-8")) for p in sorted(folder.glob("*.json"))]
    runs.sort(key=lambda run: run["alpha"])
    before, after = runs[0], runs[-1]
    known = {(s["benchmark"], s["task"], s["measure"]): s for s in before["scores"]}
    rows = []
    for score in after["scores"]:
        other = known[score["benchmark"], score["task"], score["measure"]]
        measure = "" if score["measure"] == "accuracy" else f" {score['measure']}"
        rows.append(
            _row(
                f"{score['benchmark']} {score['task']}{measure}",
                _per_cent(other["value"]),
                _per_cent(score["value"]),
                _interval(score["low"], score["high"], scale=100),
                _per_cent(score["chance"]),
                ", ".join(f"{k} {_per_cent(v)}" for k, v in score["text_only"].items()),
                f"{score['items']:,} of {score['expected']:,}",
            )
        )
    headings = ("", "Before", "After", "95 %", "Chance", "Text only", "Items")
    notes = [element("p", {"class": "muted"}, note) for note in after["notes"]]
    return _section(
        "Scores before and after training",
        _tiles(before["summary"], after["summary"]),
        _tradeoff(runs),
        _card(table("Scores", headings, rows, kind="scores")),
        *notes,
    )


def _tiles(before: Mapping[str, float], after: Mapping[str, float]) -> Html:
    names = [name for name in after if name in before and not name.endswith("micro")]
    tiles = [
        element(
            "li",
            {"class": "tile"},
            element("b", None, _per_cent(after[name])),
            element("span", None, name.removesuffix(" macro")),
            element("small", None, f"before: {_per_cent(before[name])}"),
        )
        for name in names
    ]
    return element("ul", {"class": "tiles"}, *tiles)


def _tradeoff(runs: Sequence[Mapping[str, Any]]) -> Html:
    """Return composition against zero-shot over the alphas, where there are several."""
    summary = runs[-1]["summary"]
    up = next((n for n in summary if n == "Comp" or n.endswith("composition macro")), None)
    across = next((n for n in summary if n == "ZS" or n.endswith("classification macro")), None)
    if len(runs) < 3 or up is None or across is None:
        return joined()
    points = [(100 * r["summary"][across], 100 * r["summary"][up]) for r in runs]
    line = Line("", points, [f"{r['alpha']:g}" for r in runs])
    picture = chart("WiSE-FT", [line], across=f"{across}, %", up=f"{up}, %")
    note = "Weights before (0) and after (1) training, mixed."
    return _card(element("p", {"class": "muted"}, note), picture)


def _per_cent(value: float | None) -> str:
    return "" if value is None else f"{100 * value:.1f}"


def _decimal(value: float | None) -> str:
    return "" if value is None else f"{value:.3g}"


def _interval(low: float | None, high: float | None, *, scale: float = 1) -> str:
    if low is None or high is None:
        return ""
    digits = 1 if scale > 1 else 3
    return f"{scale * low:.{digits}f} to {scale * high:.{digits}f}"
