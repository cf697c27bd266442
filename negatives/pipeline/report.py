"""A pipeline's report on one page: stages, negatives, training, scores."""

import json
from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, Final, NamedTuple

from data.manifest import read_all_rows, read_manifest
from data.plots import Line, Svg, line_chart
from negatives.auditing.browsing import MarkedSample, mark_samples
from negatives.auditing.figures import Figure, figure_of
from negatives.auditing.pages import page
from negatives.auditing.samples import samples_of
from negatives.pipeline.plan import AUDIT, PAGE, RESULTS, RUN, SHARDS
from negatives.pipeline.stages import Account

_ROWS_LOOKED_AT: Final = 5000
_SAMPLES: Final = 12


class Negatives(NamedTuple):
    """The first rows of the shards: totals, a sample, numbers by type."""

    summary: str
    samples: Sequence[MarkedSample]
    by_type: Figure


class Audit(NamedTuple):
    """The findings to show, as in audit.json, and the path of the audit's own page."""

    page: str
    findings: Sequence[Mapping[str, Any]]


class Training(NamedTuple):
    """A summary of the log; a chart is None if there is too little to draw."""

    summary: str
    losses: Svg | None
    validated: str
    validation: Svg | None


class Score(NamedTuple):
    """A score before and after training, shares from 0 to 1."""

    name: str
    before: float | None
    after: float | None
    low: float | None
    high: float | None
    chance: float | None
    text_only: Mapping[str, float | None]
    items: int
    expected: int


class Scores(NamedTuple):
    """All scores; a tile shows a figure of the summary: its name, before, after."""

    tiles: Sequence[tuple[str, float, float]]
    tradeoff: Svg | None
    rows: Sequence[Score]
    notes: Sequence[str]


def html_of(out: Path, accounts: Sequence[Account], *, title: str) -> str:
    """Return the page of the finished stages; `out` is the pipeline's folder."""
    folders = {account.name: out / account.folder for account in accounts}
    context = {
        "title": title,
        "accounts": accounts,
        "scores": _scores(folders["evaluate"] / RESULTS) if "evaluate" in folders else None,
        "negatives": _negatives(folders.get("merge", folders["build"]) / SHARDS),
        "audit": _audit(folders["audit"], out) if "audit" in folders else None,
        "training": _training(folders["train"] / RUN) if "train" in folders else None,
    }
    return page("pipeline", context)


def _negatives(shards: Path) -> Negatives:
    manifest = read_manifest(shards)
    rows = list(islice(read_all_rows(shards, manifest), _ROWS_LOOKED_AT))
    counts: dict[str, int] = {}
    for row in rows:
        for negative in row.negatives:
            kind = f"{negative.type}/{negative.subtype}"
            counts[kind] = counts.get(kind, 0) + 1
    cut = len(rows) == _ROWS_LOOKED_AT
    some = sum(bool(row.negatives) for row in rows)
    summary = (
        f"{sum(counts.values()):,} negatives of {'the first ' * cut}{len(rows):,} captions; "
        f"{some / len(rows):.0%} of them have at least one."
        if rows
        else "There are no captions."
    )
    samples = mark_samples(samples_of(rows, _SAMPLES, seed=0))
    return Negatives(summary, samples, figure_of("negatives by type", counts))


def _audit(folder: Path, out: Path) -> Audit:
    findings = json.loads((folder / AUDIT).read_text(encoding="utf-8"))["findings"]
    shown = [
        finding
        for finding in findings
        if finding["group"] in {"all", "overall"} or finding["verdict"] == "outside"
    ]
    return Audit(f"{folder.relative_to(out).as_posix()}/{PAGE}", shown)


def _training(run: Path) -> Training:
    lines = (run / "log.jsonl").read_text(encoding="utf-8").splitlines()
    records = [json.loads(line) for line in lines]
    content = json.loads((run / "run.json").read_text(encoding="utf-8"))["config"]
    curves = [
        Line(term, [(r["step"], r[term]) for r in records if r.get(term) is not None])
        for term in ("loss", *(each["loss"] for each in content["losses"]))
    ]
    drawn = [line for line in curves if len(line.points) > 1]
    last: Mapping[str, Any] = next((r for r in reversed(records) if "loss" in r), {})
    summary = (
        f"{last['step']:,} steps, {last['images_per_s']:,.0f} images/s at the end; "
        f"{last['wait_share']:.1%} of the time spent waiting for data."
        if last
        else "Nothing was logged."
    )
    losses = line_chart("Loss", drawn, across="step", up="loss") if drawn else None
    return Training(summary, losses, *_validation(records))


def _validation(records: Sequence[Mapping[str, Any]]) -> tuple[str, Svg | None]:
    """Return the measurements on the validation split, if there are several."""
    measured = [record for record in records if "validation" in record]
    if len(measured) < 2:
        return "", None
    last = measured[-1]["validation"]
    lines = [
        Line(name, [(r["step"], 100 * r["validation"][name]) for r in measured])
        for name in ("retrieval", "composition")
        if last[name] is not None
    ]
    note = f"On {last['captions']:,} captions of the validation split: its image found in a batch"
    if last["composition"] is not None:
        chance = f"{last['composition_chance']:.0%} by chance"
        note += f"; the caption above each of its negatives ({chance})"
    return f"{note}.", line_chart("Validation", lines, across="step", up="%")


def _scores(folder: Path) -> Scores:
    runs = [json.loads(p.read_text(encoding="utf-8")) for p in sorted(folder.glob("*.json"))]
    runs.sort(key=lambda run: run["alpha"])
    before, after = runs[0], runs[-1]
    known = {(s["benchmark"], s["task"], s["measure"]): s for s in before["scores"]}
    rows = []
    for score in after["scores"]:
        other = known[score["benchmark"], score["task"], score["measure"]]
        measure = "" if score["measure"] == "accuracy" else f" {score['measure']}"
        rows.append(
            Score(
                name=f"{score['benchmark']} {score['task']}{measure}",
                before=other["value"],
                after=score["value"],
                **{name: score[name] for name in Score._fields[3:]},
            )
        )
    tiles = [
        (name.removesuffix(" macro"), before["summary"][name], after["summary"][name])
        for name in after["summary"]
        if name in before["summary"] and not name.endswith("micro")
    ]
    return Scores(tiles, _tradeoff(runs), rows, after["notes"])


def _tradeoff(runs: Sequence[Mapping[str, Any]]) -> Svg | None:
    """Return composition against zero-shot over the alphas, if there are several."""
    summary = runs[-1]["summary"]
    up = next((n for n in summary if n == "Comp" or n.endswith("composition macro")), None)
    across = next((n for n in summary if n == "ZS" or n.endswith("classification macro")), None)
    if len(runs) < 3 or up is None or across is None:
        return None
    points = [(100 * r["summary"][across], 100 * r["summary"][up]) for r in runs]
    line = Line("", points, [f"{r['alpha']:g}" for r in runs])
    return line_chart("WiSE-FT", [line], across=f"{across}, %", up=f"{up}, %")
