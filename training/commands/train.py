"""`train`: shards and images to a fine-tuned model."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from data.command import LOCAL_PATH, PATH_OR_URL, set_option
from data.errors import UsageError
from data.storage import AnyPath

if TYPE_CHECKING:
    from training.config import Settings
    from training.run.start import Places
    from training.run.train import Ending


class Given(NamedTuple):
    """The options on the command line that shape a configuration."""

    config: Path | None = None
    preset: str | None = None
    model: str | None = None
    pretrained: str | None = None
    settings: tuple[str, ...] = ()
    on_missing_image: str | None = None


def resolve(given: Given) -> "Settings":
    """Return the configuration: defaults, then the file, then the options, then --set.

    Raises:
        UsageError: something in it is unknown or of a wrong type.
    """
    from data.config import check_sections, read_yaml, with_setting
    from training.config import settings_of
    from training.presets import IN_PLACE, placed, weights_named

    sections: dict[str, Any] = read_yaml(given.config) if given.config else {}
    check_sections(sections)
    training = dict(sections.get("training") or {})
    names = ("preset", "model", "on_missing_image")
    training |= {name: value for name in names if (value := getattr(given, name)) is not None}
    if given.pretrained is not None:
        training["pretrained"] = weights_named(given.pretrained, where="--pretrained")
    elif placed(given.model or "").startswith(IN_PLACE):
        training["pretrained"] = None
    sections = {**sections, "training": training}
    for setting in given.settings:
        sections = with_setting(sections, setting)
    return settings_of(sections)


@click.group(
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.option(
    "--shards", help="A finished folder of `negatives build`, or hf://datasets/USER/NAME[@TAG]."
)
@click.option(
    "--images",
    type=PATH_OR_URL,
    help="Their images: a folder, tars or parquet files; by default, scenes are drawn.",
)
@click.option("--out", type=LOCAL_PATH, help="The run's folder: checkpoints and log.jsonl.")
@click.option("--model", help="A model of open_clip, or local-dir:FOLDER, hf-hub:OWNER/NAME.")
@click.option("--pretrained", help="A tag of open_clip or a file of weights; none: random weights.")
@click.option("--preset", help="fsc-clip, negclip, ...: see the table in docs/training.md.")
@click.option(
    "--on-missing-image",
    type=click.Choice(["error", "skip"]),
    help="skip: count and leave out captions with a missing or broken image.",
)
@click.option("--config", type=LOCAL_PATH, help="A pipeline.yaml.")
@set_option
@click.option("--resume", is_flag=True, help="Resume from the last checkpoint, if there is one.")
@click.option("--dry-run", is_flag=True, help="Only print the plan: steps, tokens, memory.")
@click.option("--limit-steps", type=int, help="Stop after this many steps, with a checkpoint.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@click.option("--quiet", is_flag=True, help="Print only errors.")
@click.pass_context
def train(
    context: click.Context,
    *,
    shards: str | None,
    images: AnyPath | None,
    out: Path | None,
    model: str | None,
    pretrained: str | None,
    preset: str | None,
    on_missing_image: str | None,
    config: Path | None,
    settings: tuple[str, ...],
    resume: bool,
    dry_run: bool,
    limit_steps: int | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Fine-tune CLIP on captions, their hard negatives and their images.

    \b
    train --shards out --images images --model ViT-B-32 --pretrained openai --out run
    torchrun --nproc-per-node 8 --no-python train --shards out --images images --out run

    SIGTERM stops a run at the next step with a checkpoint and exit code 75 (1 under torchrun):
    queue it again with --resume.
    """
    if context.invoked_subcommand is not None:
        return
    if shards is None or (out is None and not dry_run):
        raise UsageError(f"expected {'--shards' if shards is None else '--out'}; see train --help")
    if limit_steps is not None and limit_steps < 1:
        raise UsageError(f"--limit-steps: expected 1 or more, found {limit_steps}")
    from data.pulling import local_folder
    from data.storage import path_of
    from training.run.start import Places

    chosen = resolve(Given(config, preset, model, pretrained, settings, on_missing_image))
    named = chosen.config.images
    places = Places(
        shards=local_folder(shards),
        images=images or (path_of(named) if named else None),
        out=out or Path("run"),
    )
    if dry_run:
        _print_plan(chosen, places, as_json=as_json)
        return
    quiet = quiet or as_json
    ending = _run(chosen, places, resume=resume, limit_steps=limit_steps, quiet=quiet)
    _finish(ending, places.out, as_json=as_json, quiet=quiet)


def _run(
    settings: "Settings", places: "Places", *, resume: bool, limit_steps: int | None, quiet: bool
) -> "Ending":
    from training.run.train import train as run
    from training.run.view import view_of

    return run(
        settings,
        places,
        resume=resume,
        limit_steps=limit_steps,
        listener_of=(lambda _run: None) if quiet else view_of,
        say=(lambda _line: None) if quiet else (lambda line: click.echo(line, err=True)),
    )


def _print_plan(settings: "Settings", places: "Places", *, as_json: bool) -> None:
    from data.config import plain
    from training.run.plan import describe_plan, plan_of

    plan = plan_of(settings, places)
    click.echo(json.dumps(plain(plan), indent=1) if as_json else describe_plan(plan))


def _finish(ending: "Ending", out: Path, *, as_json: bool, quiet: bool) -> None:
    """Print how a run ended, and exit with its exit code."""
    from training.run.stopping import exit_code

    if ending.rank == 0 and as_json:
        found = {"out": str(out), "step": ending.step, "steps": ending.num_steps}
        click.echo(json.dumps({**found, "signal": ending.signal}, indent=1))
    elif ending.rank == 0 and not quiet:
        from training.batches.dataset import BROKEN
        from training.run.logs import num_broken

        click.echo(_summary(ending, out))
        if broken := num_broken(out):
            click.echo(f"{broken:,} {BROKEN} by other captions", err=True)
    sys.exit(exit_code(ending.signal))


def _summary(ending: "Ending", out: Path) -> str:
    where = f"step {ending.step:,} of {ending.num_steps:,}"
    if ending.begun_at == ending.num_steps:
        return f"already finished, at {where}"
    if ending.step < ending.num_steps:
        why = "stopped by a signal" if ending.signal else "stopped"
        return f"{why} at {where}; continue with the same options and --resume"
    return f"{where}; a file of weights: train export {out} --output FILE"
