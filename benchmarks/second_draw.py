"""Which powers two scorers need, and the result: `python -m benchmarks.second_draw OUT`.

OUT is a build with the corpus scorer only. Its pairs were accepted by a(c, c') of
negatives/sampling.py with v = 1. So, with captions distributed as p^v q^w, the odds of seeing the
pair rather than its mirror are h(c) / h(c'), h = p^(v - 1) q^w: a logistic regression without a
constant on the differences of log p and log q gives v and w. The following lines show, for a build
with both scorers and these powers, which share of OUT's negatives it draws, by the causal scorer's
max_log_ratio, and how often the caption is then ahead by q and by p (0.5: it cannot be told); the
last line is the plain product, v = w = 1.
"""

from math import inf
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
from negatives.policy import CausalScoring
from negatives.sampling import Acceptance
from negatives.scorers import causal_model

_MAX_LOG_RATIOS = (1.0, 2.0, 3.0, 5.0, 99.0)
_STEPS = 30

LogRatios = NDArray[np.float64]
"""By pair, what log p and log q grow by from the caption to its negative."""


class Powers(NamedTuple):
    """v and w of negatives/sampling.py."""

    corpus: float
    causal: float


class Fit(NamedTuple):
    """Powers and their standard errors."""

    powers: Powers
    errors: Powers


def fit_powers(log_ratios: LogRatios) -> Fit:
    """Return the powers under which pairs and mirrors are equally likely, by Newton's method."""
    theta = np.zeros(2)
    for _ in range(_STEPS):
        against = 1 / (1 + np.exp(-log_ratios @ theta))
        curvature = (log_ratios * (against * (1 - against))[:, None]).T @ log_ratios
        theta -= np.linalg.solve(curvature, log_ratios.T @ against)
    errors = np.sqrt(np.diag(np.linalg.inv(curvature)))
    return Fit(
        Powers(1 + float(theta[0]), float(theta[1])), Powers(float(errors[0]), float(errors[1]))
    )


def share_left(by_corpus: float, by_causal: float, powers: Powers, max_log_ratio: float) -> float:
    """Return how often two scorers accept a pair, relative to the corpus scorer alone."""
    alone = Acceptance(1.0, inf).chance(by_corpus)
    first = Acceptance(powers.corpus, inf).chance(by_corpus)
    return first / alone * Acceptance(powers.causal, max_log_ratio).chance(by_causal)


def line_of(log_ratios: LogRatios, powers: Powers, max_log_ratio: float) -> str:
    """Return how many negatives two scorers draw, and how often the caption is ahead."""
    left = np.array([share_left(*pair, powers, max_log_ratio) for pair in log_ratios])
    by_p, by_q = (left @ ((log_ratios < 0) + 0.5 * (log_ratios == 0))) / left.sum()
    return (
        f"v {powers.corpus:.2f}, w {powers.causal:.2f}, max_log_ratio {max_log_ratio:4.1f}: "
        f"{left.mean():.3f} of the negatives; caption ahead by q {by_q:.3f}, by p {by_p:.3f}"
    )


def sample_rows(folder: Path, num_captions: int) -> list[Row]:
    """Return about this many rows with negatives, all of them scored.

    Raises:
        UsageError: there is no negative, or one has no score.
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
            "negatives.choice.scorers are [corpus]"
        )
    return rows


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--captions", default=800, show_default=True, help="How many are read, about.")
@click.option("--model", default=None, help="As `model` of the scorer causal.")
@click.option("--device", default="auto", show_default=True)
def main(*, folder: Path, captions: int, model: str | None, device: str) -> None:
    """Print powers and the curve over the causal scorer's max_log_ratio."""
    rows = sample_rows(folder, captions)
    scorer = causal_model(CausalScoring(model=model, device=device))
    ratios = scorer.log_ratios(
        (row.caption, [negative.text for negative in row.negatives]) for row in rows
    )
    log_ratios = np.array(
        [
            (negative.score, ratio)
            for row, found in zip(rows, ratios, strict=True)
            for negative, ratio in zip(row.negatives, found, strict=True)
        ]
    )
    powers, errors = fit_powers(log_ratios)
    click.echo(
        f"{len(rows):,} captions, {len(log_ratios):,} pairs, {scorer.name}: "
        f"v {powers.corpus:.2f} +- {errors.corpus:.2f}, "
        f"w {powers.causal:.2f} +- {errors.causal:.2f}"
    )
    for max_log_ratio in _MAX_LOG_RATIOS:
        click.echo(line_of(log_ratios, powers, max_log_ratio))
    click.echo(line_of(log_ratios, Powers(1.0, 1.0), _MAX_LOG_RATIOS[-1]))


if __name__ == "__main__":
    run(main, name="second_draw")
