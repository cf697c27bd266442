"""What a language model adds to a build: `python -m benchmarks.llm --fluency-from OUT`.

Builds with a single rule that asks a language model, weighted by the corpus model of another build.
Prints the share of captions with an accepted negative, by type, the outcomes of the proposals, and
the rate of answers. Of a run's cost it prints only what run.json holds.
"""

import json
import tempfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import click

from data.config import with_setting
from data.manifest import Manifest, read_all_rows
from negatives.building import build
from negatives.config import BuildConfig, build_config


def config_of(
    spec: Mapping[str, object], limit: int, rule: str, fluency_from: Path | None, cache: Path | None
) -> BuildConfig:
    """Return the configuration of a build with one rule that asks."""
    section = {
        "preset": "natural-llm",
        "fluency_from": fluency_from,
        "llm": {"cache": cache},
    }
    entry = rule if rule.startswith("{") else f"{{rule: {rule}}}"
    sections = {"data": {"source": spec, "limit": limit}, "negatives": section}
    return build_config(with_setting(sections, f"negatives.rules=[{entry}]"))


def shares(out: Path, manifest: Manifest) -> dict[str, float]:
    """Return the share of captions with a negative, of each "type/subtype" and of any."""
    having: Counter[str] = Counter()
    for row in read_all_rows(out, manifest):
        kinds = {f"{negative.type}/{negative.subtype}" for negative in row.negatives}
        having.update(kinds | ({"any"} if kinds else set()))
    return {kind: num / manifest.num_rows() for kind, num in sorted(having.items())}


@click.command()
@click.option("--source", default="coco", show_default=True)
@click.option("--root", default=None)
@click.option("--limit", default=500, show_default=True, help="Captions.")
@click.option("--rule", default="llm_infill", show_default=True, help="Or {rule: ..., ...}.")
@click.option("--fluency-from", type=click.Path(path_type=Path), default=None)
@click.option("--cache", type=click.Path(path_type=Path), default=None, help="Answers kept.")
@click.option("--out", type=click.Path(path_type=Path), default=None, help="Keep the build.")
def main(  # noqa: PLR0913 - one parameter an option of the command line
    *,
    source: str,
    root: str | None,
    limit: int,
    rule: str,
    fluency_from: Path | None,
    cache: Path | None,
    out: Path | None,
) -> None:
    """Print shares of captions by type, outcomes of proposals, and rates."""
    spec = {"name": source, **({"root": root} if root else {})}
    config = config_of(spec, limit, rule, fluency_from, cache)
    with tempfile.TemporaryDirectory() as folder:
        place = out or Path(folder, "out")
        manifest = build(config, out=place)
        asked = json.loads((place / "run.json").read_text(encoding="utf-8"))["asked"]
        found = shares(place, manifest)
    num_kept = asked["kept"]
    seconds = max(asked["seconds"], 0.1)
    num_tokens = asked["prompt_tokens"] + asked["completion_tokens"]
    num_asked = asked["requests"] - num_kept
    click.echo(f"{manifest.num_rows():,} captions of {source}, {rule}")
    for kind, share in found.items():
        click.echo(f"  {kind:<14} {share:6.1%} of the captions")
    for outcome, num in manifest.tallies["slots_by_fate"].items():
        click.echo(f"  {outcome:<34} {num:>8,}")
    click.echo(
        f"{num_kept:,} answers were kept already; {num_asked:,} requests in {seconds:,.0f} s "
        f"(the loading of a model included): "
        f"{num_asked / seconds:.1f} requests/s, {num_tokens / seconds:,.0f} tokens/s, "
        f"{60 * manifest.num_rows() / seconds:,.0f} captions/min"
    )


if __name__ == "__main__":
    main()
