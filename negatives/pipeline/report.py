"""A pipeline's report on one page: stages, negatives, training, scores."""

import json
from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, Final, NamedTuple

from data.images import ImageColumns
from data.manifest import read_all_rows, read_manifest
from data.plots import Line, Svg, line_chart
from data.storage import AnyPath
from data.texts import counted
from negatives.auditing.browsing import MarkedSample, mark_samples
from negatives.auditing.cards import Card, cards_in, images_for
from negatives.auditing.figures import Figure, figure_of
from negatives.auditing.pages import page
from negatives.auditing.samples import samples_of
from negatives.pipeline.margins import POSITIVES_HEADINGS, SPREAD_HEADINGS
from negatives.pipeline.plan import AUDIT, MEASURED, PAGE, RUN, SHARDS
from negatives.pipeline.scores import scores_of
from negatives.pipeline.stages import Account

_ROWS_LOOKED_AT: Final = 5000
_SAMPLES: Final = 12
_CARDS: Final = 8


class ImagePlace(NamedTuple):
    """Where images are, None for scenes, and in which columns of parquet files."""

    location: AnyPath | None
    columns: ImageColumns | None = None


NO_PLACE: Final = ImagePlace(None)


class Negatives(NamedTuple):
    """The first rows of the shards: their number, samples, counts by type.

    `cards`: rows with their pictures, composites among them.
    """

    summary: str
    samples: Sequence[MarkedSample]
    cards: Sequence[Card]
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


def html_of(
    out: Path, accounts: Sequence[Account], *, title: str, images: ImagePlace = NO_PLACE
) -> str:
    """Return the page of the stages that are done; `out` is the pipeline's folder.

    `images`: where the images are; scenes are drawn without.
    """
    folders = {account.name: out / account.folder for account in accounts}
    context = {
        "title": title,
        "accounts": accounts,
        "margin_headings": SPREAD_HEADINGS,
        "positive_headings": POSITIVES_HEADINGS,
        "scores": scores_of(folders["evaluate"], folders.get(MEASURED))
        if "evaluate" in folders
        else None,
        "negatives": _negatives(folders.get("merge", folders["build"]) / SHARDS, images),
        "audit": _audit(folders["audit"], out) if "audit" in folders else None,
        "training": _training(folders["train"] / RUN) if "train" in folders else None,
    }
    return page("pipeline", context)


def _negatives(shards: Path, images: ImagePlace) -> Negatives:
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
        f"{counted(sum(counts.values()), 'negative')} of {'the first ' * cut}"
        f"{counted(len(rows), 'caption')}; "
        f"{some / len(rows):.0%} of them have at least one."
        if rows
        else "There are no captions."
    )
    samples = mark_samples(samples_of(rows, _SAMPLES, seed=0))
    cards = cards_in(shards, manifest, images_for(manifest, *images), num=_CARDS)
    by_type = figure_of("negatives by type", _commonest_first(counts))
    return Negatives(summary, samples, cards, by_type)


def _commonest_first(counts: Mapping[str, int]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda item: -item[1]))


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
        f"{counted(last['step'], 'step')}, {last['images_per_s']:,.0f} images/s at the end; "
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
    note = (
        f"On {counted(last['captions'], 'caption')} of the validation split. "
        "Retrieval: a caption's own image scores highest in its batch"
    )
    if last["composition"] is not None:
        chance = f"{last['composition_chance']:.0%} by chance"
        note += f". Composition: the caption scores above all of its negatives ({chance})"
    return f"{note}.", line_chart("Validation", lines, across="step", up="%")
