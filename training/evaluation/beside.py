"""A run beside published models: `evaluate --against published`, `evaluate plot --against`.

A mean covers those figures that all runs and most of the models have; a model that lacks one of
them has no mean.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from statistics import fmean
from typing import Final, NamedTuple

from training.evaluation.published import Known, backbone_of, known_models, own_figures, published
from training.evaluation.results import Beside, BesideRow, Results, with_notes
from training.evaluation.summary import COMPOSITION, NUM_ZERO_SHOT, ZERO_SHOT

_WHOLE: Final = {"Comp": len(COMPOSITION), "ZS": NUM_ZERO_SHOT}


class Average(NamedTuple):
    """A figure that runs and models have in common; `parts`: what it is the mean of."""

    name: str
    parts: tuple[str, ...]

    @property
    def label(self) -> str:
        """Return the name, with the number of its parts if the paper's mean has more."""
        whole = _WHOLE.get(self.name, 1)
        count = "" if len(self.parts) == whole else f" ({len(self.parts)} of {whole})"
        return f"{self.name}{count}"

    def of(self, figures: Mapping[str, float]) -> float | None:
        """Return the figure, None if a part of it is unknown."""
        if all(part in figures for part in self.parts):
            return fmean(figures[part] for part in self.parts)
        return figures.get(self.name) if self.label == self.name else None


def averages_of(runs: Sequence[Mapping[str, float]], models: Sequence[Known]) -> list[Average]:
    """Return the figures of all runs and some models: Comp and ZS first, then single figures."""
    named = dict.fromkeys(name for model in models for name in model.figures)
    there = [name for name in named if all(name in run for run in runs)]
    most = [n for n in there if 2 * sum(n in model.figures for model in models) > len(models)]
    sets = [name for name in there if name.startswith(ZERO_SHOT)]
    found = [
        Average("Comp", tuple(name for name in COMPOSITION if name in most)),
        Average("ZS", tuple(name for name in sets if name in most)),
        *(Average(name, (name,)) for name in there if name not in sets),
    ]
    return [average for average in found if average.parts]


def definitions(averages: Sequence[Average]) -> Iterator[str]:
    """Yield a line for each mean that says which figures it covers."""
    for average in averages:
        if average.name in _WHOLE:
            parts = (part.removeprefix(f"{ZERO_SHOT} ") for part in average.parts)
            yield f"{average.label} is the mean of {', '.join(parts)}"


def with_published(results: Results, backbone: str | None = None) -> Results:
    """Return results with the published models of their backbone, or of the named one.

    A note says so if there are none, or if they have no figure in common.
    """
    backbone = backbone or backbone_of(results.model)
    models = known_models(backbone)
    own = own_figures(results.scores)
    averages = averages_of([own], models)
    if not models:
        note = (
            f"no published model has the backbone {backbone!r}: name another with "
            "--against published:BACKBONE"
        )
        return with_notes(results, [note])
    if not averages:
        note = f"no figure of this run is published for {backbone}, or images are missing"
        return with_notes(results, [note])
    rows = [BesideRow(m.name, tuple(a.of(m.figures) for a in averages)) for m in models]
    rows = [row for row in rows if any(share is not None for share in row.shares)]
    rows.sort(key=lambda row: (-(row.shares[0] or 0), row.name))
    sources = {model.source: published().sources[model.source] for model in models}
    beside = Beside(
        backbone=backbone,
        figures=tuple(average.label for average in averages),
        own=tuple(average.of(own) for average in averages),
        models=tuple(rows),
        notes=(*definitions(averages), *sources.values()),
    )
    return replace(results, beside=beside)
