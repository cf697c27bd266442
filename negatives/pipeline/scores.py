"""What `evaluate` scored before and after training, for the page of a pipeline."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from data.plots import Line, Svg, line_chart
from negatives.pipeline.margins import Margins, margins_of
from negatives.pipeline.published import Published, published_of


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
    """All scores; a tile is a figure of the summary: its name, before, after."""

    tiles: Sequence[tuple[str, float, float]]
    tradeoff: Svg | None
    rows: Sequence[Score]
    margins: Margins
    published: Published | None
    notes: Sequence[str]


def scores_of(folder: Path) -> Scores:
    """Return the scores of the results in a folder, one file for each alpha."""
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
        if name in before["summary"] and not name.endswith((" micro", " mean of parts"))
    ]
    more = (margins_of(runs), published_of(runs))
    return Scores(tiles, _tradeoff(runs), rows, *more, after["notes"])


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
