"""What `evaluate` scored before and after training, for a pipeline's page."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from data.plots import Line, Svg, line_chart
from negatives.pipeline.examples import ByName, Example, examples_of
from negatives.pipeline.margins import Margins, margins_of
from negatives.pipeline.plan import EXAMPLES, RESULTS
from negatives.pipeline.published import Published, published_of


class Score(NamedTuple):
    """A score before and after training, shares from 0 to 1; `baseline`: without negatives."""

    name: str
    before: float | None
    baseline: float | None
    after: float | None
    low: float | None
    high: float | None
    chance: float | None
    text_only: Mapping[str, float | None]
    items: int
    expected: int


class Tile(NamedTuple):
    """A figure of the summary; `baseline`: without negatives, None if that was not trained."""

    name: str
    before: float
    baseline: float | None
    after: float


class Scores(NamedTuple):
    """All scores, and items of composition with what the models preferred.

    `readers`: names of what was scored from the texts alone.
    """

    tiles: Sequence[Tile]
    examples: Sequence[Example]
    tradeoff: Svg | None
    rows: Sequence[Score]
    readers: Sequence[str]
    margins: Margins
    published: Published | None
    notes: Sequence[str]


def scores_of(folder: Path, measured: Path | None) -> Scores:
    """Return the scores of a folder of evaluation; `measured`: that of the baseline, if any."""
    runs = runs_of(folder)
    before, after = runs[0], runs[-1]
    without = runs_of(measured)[-1] if measured else None
    models = {"before": before, "without negatives": without, "with negatives": after}
    named = {name: _by_name(run) for name, run in models.items() if run}
    of_baseline = named.get("without negatives", {})
    rows = []
    for key, score in named["with negatives"].items():
        measure = "" if score["measure"] == "accuracy" else f" {score['measure']}"
        rows.append(
            Score(
                name=f"{score['benchmark']} {score['task']}{measure}",
                before=named["before"][key]["value"],
                baseline=of_baseline[key]["value"] if key in of_baseline else None,
                after=score["value"],
                **{name: score[name] for name in Score._fields[4:]},
            )
        )
    tiles = [
        Tile(
            name.removesuffix(" macro"),
            before["summary"][name],
            without["summary"].get(name) if without else None,
            after["summary"][name],
        )
        for name in after["summary"]
        if name in before["summary"] and not name.endswith((" micro", " mean of parts"))
    ]
    return Scores(
        tiles=tiles,
        examples=examples_of(folder / EXAMPLES, named),
        tradeoff=_tradeoff(runs),
        rows=rows,
        readers=list(dict.fromkeys(name for row in rows for name in row.text_only)),
        margins=margins_of(runs),
        published=published_of(runs),
        notes=after["notes"],
    )


def runs_of(folder: Path) -> list[Mapping[str, Any]]:
    """Return the results in a folder of evaluation, by alpha."""
    paths = (folder / RESULTS).glob("*.json")
    runs = [json.loads(path.read_text(encoding="utf-8")) for path in paths]
    return sorted(runs, key=lambda run: float(run["alpha"]))


def _by_name(run: Mapping[str, Any]) -> ByName:
    return {(s["benchmark"], s["task"], s["measure"]): s for s in run["scores"]}


def _tradeoff(runs: Sequence[Mapping[str, Any]]) -> Svg | None:
    """Return composition against zero-shot over the alphas, where there are several."""
    summary = runs[-1]["summary"]
    up = next((n for n in summary if n == "Comp" or n.endswith("composition macro")), None)
    across = next((n for n in summary if n == "ZS" or n.endswith("classification macro")), None)
    if len(runs) < 3 or up is None or across is None:
        return None
    points = [(100 * r["summary"][across], 100 * r["summary"][up]) for r in runs]
    line = Line("", points, [f"{r['alpha']:g}" for r in runs])
    return line_chart("WiSE-FT", [line], across=f"{across}, %", up=f"{up}, %")
