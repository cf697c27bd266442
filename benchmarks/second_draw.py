"""What a second draw should aim at, and what it keeps: `python -m benchmarks.second_draw OUT`.

OUT is a build by a model of the corpus alone. Its pairs have been accepted by a(c, c') of
negatives/draws.py. So, with captions distributed as p^v q^w, the odds that the pair is seen and not
its mirror are h(c) / h(c'), h = p^(v - 1) q^w: a logistic regression without a constant on what
log p and log q grow by gives v and w. The lines after it show what a second draw with these powers
keeps at each reach, and how often it leaves the caption ahead by q and by p (0.5: no telling); the
last one is the plain product, v = w = 1.
"""

from pathlib import Path
from typing import NamedTuple

import click
import numpy as np
from numpy.typing import NDArray

from data.command import run
from data.errors import UsageError
from data.manifest import read_all_rows, read_manifest
from data.records import Row
from data.streams import Stream
from negatives.draws import Powers, second_acceptance
from negatives.scorer import ScorerOptions, scorer_in

_REACHES = (1.0, 2.0, 3.0, 5.0, 99.0)
_STEPS = 30

Gains = NDArray[np.float64]
"""By pair, what log p and log q grow by from the caption to its negative."""


class Fit(NamedTuple):
    """Powers and their standard errors."""

    powers: Powers
    errors: Powers


def fit_powers(gains: Gains) -> Fit:
    """Return the powers under which pairs and mirrors are equally likely, by Newton's method."""
    theta = np.zeros(2)
    for _ in range(_STEPS):
        against = 1 / (1 + np.exp(-gains @ theta))
        curvature = (gains * (against * (1 - against))[:, None]).T @ gains
        theta -= np.linalg.solve(curvature, gains.T @ against)
    errors = np.sqrt(np.diag(np.linalg.inv(curvature)))
    return Fit(
        Powers(1 + float(theta[0]), float(theta[1])), Powers(float(errors[0]), float(errors[1]))
    )


def line_of(gains: Gains, powers: Powers, reach: float) -> str:
    """Return what a second draw keeps of pairs, and how it leaves them."""
    kept = np.array([second_acceptance(*pair, powers=powers, reach=reach) for pair in gains])
    by_p, by_q = (kept @ ((gains < 0) + 0.5 * (gains == 0))) / kept.sum()
    return (
        f"v {powers.corpus:.2f}, w {powers.neural:.2f}, reach {reach:4.1f}: keeps {kept.mean():.3f}"
        f"; caption ahead by q {by_q:.3f}, by p {by_p:.3f}"
    )


def drawn_rows(folder: Path, num_captions: int) -> list[Row]:
    """Return about so many rows with negatives, all of them scored.

    Raises:
        UsageError: there is no negative, or one without a score.
    """
    manifest = read_manifest(folder)
    num_all = manifest.tallies["captions"]["with_negative"]
    rows = [
        row
        for row in read_all_rows(folder, manifest)
        if row.negatives and Stream(0, "second draw", row.id).chance(num_captions / num_all)
    ]
    scored = [negative.score is not None for row in rows for negative in row.negatives]
    if not scored or not all(scored):
        found = f"{len(scored) - sum(scored)} of {len(scored)} without" if scored else "none"
        raise UsageError(
            f"{folder}: expected negatives with scores, found {found}; name a build whose "
            "negatives.choice.weights is corpus"
        )
    return rows


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--captions", default=800, show_default=True, help="How many are read, about.")
@click.option("--model", default=None, help="As negatives.scorer.model.")
@click.option("--device", default="auto", show_default=True)
def main(*, folder: Path, captions: int, model: str | None, device: str) -> None:
    """Print powers and the curve over reaches."""
    rows = drawn_rows(folder, captions)
    scorer = scorer_in(ScorerOptions(model=model, device=device))
    ratios = scorer.log_ratios(
        (row.caption, [negative.text for negative in row.negatives]) for row in rows
    )
    gains = np.array(
        [
            (negative.score, ratio)
            for row, found in zip(rows, ratios, strict=True)
            for negative, ratio in zip(row.negatives, found, strict=True)
        ]
    )
    powers, errors = fit_powers(gains)
    click.echo(
        f"{len(rows):,} captions, {len(gains):,} pairs, {scorer.name}: "
        f"v {powers.corpus:.2f} +- {errors.corpus:.2f}, "
        f"w {powers.neural:.2f} +- {errors.neural:.2f}"
    )
    for reach in _REACHES:
        click.echo(line_of(gains, powers, reach))
    click.echo(line_of(gains, Powers(1.0, 1.0), _REACHES[-1]))


if __name__ == "__main__":
    run(main, name="second_draw")
