"""`negatives build`."""

import json
import time
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from data.command import LOCAL_PATH, PATH_OR_URL, set_option
from data.storage import AnyPath
from data.texts import counted

if TYPE_CHECKING:
    from data.manifest import Manifest
    from negatives.building.plan import Resume
    from negatives.options import ConfigOptions

R = TypeVar("R")

ENOUGH_CAPTIONS = 5000
"""With fewer captions, the corpus model lets through negatives that a trained reader recognises:
benchmarks/curves.py prints this by the size of the corpus.
"""


_OPTIONS = (
    click.option("--config", type=LOCAL_PATH, help="A pipeline.yaml."),
    click.option("--source", help="The source of the captions (`negatives sources`)."),
    click.option("--root", type=PATH_OR_URL, help="The source's folder or file."),
    click.option("--preset", help="A set of rules with a policy (`negatives presets`)."),
    click.option("--limit", type=int, help="Stop reading after this many captions."),
    click.option(
        "--hold-out",
        type=int,
        help="Hold out this many captions of each image, for `negatives audit --held-out`.",
    ),
    click.option("--seed", type=int, help="The seed of every random draw."),
    click.option("--language", help="en (default) or any."),
    click.option(
        "--fluency-from",
        type=PATH_OR_URL,
        help="A finished build whose corpus model scores the candidates.",
    ),
    click.option(
        "--max-share",
        type=float,
        help="Thin each kind to at most this share of all negatives; 0.4 is 40 %.",
    ),
    click.option(
        "--positives/--no-positives",
        default=None,
        help="Also write positives: edits that leave the caption true.  [default: no]",
    ),
    set_option,
)


def config_options(function: Callable[..., R]) -> Callable[..., R]:
    """Give a command the options that shape a configuration, as one argument `options`."""

    @wraps(function)
    def command(**given: Any) -> R:  # noqa: ANN401 - click's parameters
        from negatives.options import ConfigOptions

        options = ConfigOptions(**{name: given.pop(name) for name in ConfigOptions._fields})
        return function(options=options, **given)

    decorated: Callable[..., R] = command
    for option in reversed(_OPTIONS):
        decorated = option(decorated)
    return decorated


@click.command()
@config_options
@click.option(
    "--out",
    type=PATH_OR_URL,
    default=Path("out"),
    show_default=True,
    help="The folder for the shards.",
)
@click.option(
    "--workers", type=int, default=1, show_default=True, help="Number of worker processes."
)
@click.option(
    "--executor",
    type=click.Choice(["local", "ray"]),
    default="local",
    show_default=True,
    help="Where workers run.",
)
@click.option(
    "--ray-address", help="A Ray cluster: auto or ray://HEAD:10001; by default a new local one."
)
@click.option(
    "--resume",
    type=click.Choice(["never", "if-possible", "always"]),
    default="if-possible",
    show_default=True,
    help="Whether to resume an unfinished build in the folder.",
)
@click.option("--max-requests", type=int, help="Stop after this many requests to a language model.")
@click.option("--max-cost", type=float, help="Stop when a server has cost this many dollars.")
@click.option("--dry-run", is_flag=True, help="Only show what would be sent to a language model.")
@click.option("--json", "as_json", is_flag=True, help="Print the tallies as JSON.")
@click.option("--quiet", is_flag=True, help="Print only errors.")
def build(
    *,
    options: "ConfigOptions",
    out: AnyPath,
    workers: int,
    executor: str,
    ray_address: str | None,
    resume: "Resume",
    max_requests: int | None,
    max_cost: float | None,
    dry_run: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Build hard negatives from captions.

    \b
    negatives build --source coco --root ~/coco --out out
    """
    from data.manifest import FILE_NAME
    from negatives.building import build as run
    from negatives.building.api import executor_of
    from negatives.commands.progress import progress
    from negatives.options import resolve
    from negatives.skipping import doubts_of

    config = resolve(options.with_limits(max_requests=max_requests, max_cost=max_cost))
    if dry_run:
        from negatives.llm.estimate import estimate, format_estimate

        found = estimate(config)
        click.echo(json.dumps(found._asdict(), indent=1) if as_json else format_estimate(found))
        return
    begun = resume != "never" and (out / "work").exists()
    finished = (out / FILE_NAME).exists()
    start = time.perf_counter()
    with progress(config, shown=not (quiet or as_json)) as report:
        manifest = run(
            config,
            out=out,
            workers=workers,
            executor=executor_of("ray" if ray_address else executor, ray_address),
            resume=resume,
            report=report,
        )
    if not quiet:
        for line in filter(None, (weakness_of(manifest), *doubts_of(manifest, out))):
            click.echo(line, err=True)
    asked = {} if finished else _llm_summary(out)
    if as_json:
        told = {"out": str(out), "tallies": manifest.tallies, **({"asked": asked} if asked else {})}
        click.echo(json.dumps(told, indent=1))
    elif not quiet:
        seconds = time.perf_counter() - start
        click.echo(summary(manifest, out))
        if asked:
            from negatives.llm.counts import line_of

            click.echo(line_of(asked))
        if finished:
            click.echo("already finished, from the same captions; nothing changed")
        elif begun:
            click.echo(f"{seconds:.1f} s for the remaining work")
        else:
            click.echo(f"{seconds:.1f} s, {rate(manifest.num_rows(), seconds)} captions/s")


def rate(number: int, seconds: float) -> str:
    """Return how many there are per second, as two digits or more."""
    each = number / seconds
    return f"{each:,.0f}" if each >= 10 else f"{each:.1f}"


def _llm_summary(out: AnyPath) -> dict[str, Any]:
    """Return lines on the requests to a language model, if any."""
    run: dict[str, Any] = json.loads((out / "run.json").read_text(encoding="utf-8"))
    found: dict[str, Any] = run.get("asked", {})
    return found


def summary(manifest: "Manifest", out: AnyPath) -> str:
    """Return a summary of a build in a few lines."""
    from negatives.skipping import lines_of

    captions = manifest.tallies["captions"]
    by_type = manifest.tallies["negatives_by_type"]
    num_negatives = sum(by_type.values())
    num_captions = captions["all"]
    lines = [
        (
            f"{counted(num_captions, 'caption')}, {counted(num_negatives, 'negative')} "
            f"({num_negatives / num_captions:.2f} a caption); "
            f"{captions['with_negative'] / num_captions:.1%} of the captions have one"
        ),
        *(
            f"  {name:<18} {count:>9,}  {count / max(num_negatives, 1):6.1%}"
            for name, count in sorted(by_type.items(), key=lambda item: -item[1])
        ),
    ]
    if num_positives := sum(manifest.tallies.get("positives_by_type", {}).values()):
        with_positive = captions.get("with_positive", 0) / num_captions
        lines.append(
            f"{counted(num_positives, 'positive')} ({num_positives / num_captions:.2f} a caption); "
            f"{with_positive:.1%} of the captions have one"
        )
        by_rule = sorted(manifest.tallies["positives_by_rule"].items(), key=lambda item: -item[1])
        lines += [f"  {name:<18} {n:>9,}  {n / num_positives:6.1%}" for name, n in by_rule]
    lines += lines_of(manifest, out)
    if len(splits := manifest.splits()) > 1:
        by_split = dict.fromkeys(splits, 0)
        for shard in manifest.shards:
            by_split[shard.split] += shard.rows
        lines.append("splits: " + ", ".join(f"{name} {n:,}" for name, n in by_split.items()))
    if scorers := describe_scorers(manifest):
        lines.append(f"scored by {scorers}")
    shards = counted(len(manifest.shards), "shard")
    lines.append(f"{shards} in {out}; inspect with: negatives inspect {out}")
    return "\n".join(lines)


def describe_scorers(manifest: "Manifest") -> str:
    """Return the models that scored a build's candidates, if any."""
    models = []
    if manifest.fluency:
        num_captions = manifest.tallies["captions"]["all"]
        learned = counted(num_captions, "caption")
        models.append(f"a model of these {learned} (weights: fluency/model.json)")
    if fingerprint := fluency_from(manifest):
        models.append(f"the corpus model of build {fingerprint}")
    models += [
        str(version)
        for role, version in manifest.versions.items()
        if role.partition(" ")[0] == "scorer"
    ]
    return ", and by ".join(models)


def fluency_from(manifest: "Manifest") -> str | None:
    """Return the fingerprint of the build whose corpus model was used, None for its own."""
    section = manifest.config.get("negatives")
    found = section.get("fluency_from") if isinstance(section, dict) else None
    return None if found is None else str(found)


def weakness_of(manifest: "Manifest") -> str | None:
    """Return a warning if a build learned from few captions."""
    num_captions = manifest.tallies["captions"]["all"]
    if not manifest.fluency or num_captions >= ENOUGH_CAPTIONS:
        return None
    return (
        f"the corpus model was learned from {counted(num_captions, 'caption')} and is weak below "
        f"{ENOUGH_CAPTIONS:,}: its negatives may give themselves away; check with "
        "`negatives audit`, or use a larger build's model with --fluency-from OUT"
    )
