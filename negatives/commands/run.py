"""`negatives run`: a pipeline.yaml from captions to scores."""

import json
import sys
from pathlib import Path

import click

from data.command import LOCAL_PATH, set_option


@click.command()
@click.argument("config", type=LOCAL_PATH)
@click.option("--out", type=LOCAL_PATH, default=Path("out"), show_default=True, help="The folder.")
@click.option(
    "--workers", type=click.IntRange(1), default=1, show_default=True, help="Of the build."
)
@click.option(
    "--jobs",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    help="Stages to run at once, with a share of the cores each; for trainings on a CPU.",
)
@click.option(
    "--reference-model",
    default="auto",
    show_default=True,
    help="For `audit`: a name, auto or none.",
)
@set_option
@click.option("--dry-run", is_flag=True, help="Only show which stages would run.")
@click.option("--json", "as_json", is_flag=True, help="Print the outcome of each stage as JSON.")
@click.option("--quiet", is_flag=True, help="Print only errors.")
def run(
    *,
    config: Path,
    out: Path,
    workers: int,
    jobs: int,
    reference_model: str,
    settings: tuple[str, ...],
    dry_run: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Build, audit, train and evaluate by CONFIG, and write OUT/report.html.

    A change reruns only the stages that depend on it; an interrupted run resumes.

    \b
    negatives run pipeline.yaml --out out
    """
    from data.config import plain, read_yaml, with_setting
    from negatives.pipeline.plan import stages_of
    from negatives.pipeline.run import REPORT, run_pipeline
    from negatives.pipeline.stages import StoppedError, describe, done

    sections = read_yaml(config)
    for setting in settings:
        sections = with_setting(sections, setting)
    if dry_run:
        for stage in stages_of(sections, out, workers=workers, reference_model=reference_model):
            before = done(stage, out)
            click.echo(describe(before) if before else f"{stage.name}: would run")
        return
    quiet = quiet or as_json
    try:
        accounts = run_pipeline(
            sections,
            out,
            title=config.stem if out.name == "out" else out.name,
            workers=workers,
            jobs=jobs,
            reference_model=reference_model,
            say=(lambda _line: None) if quiet else (lambda line: click.echo(line, err=True)),
        )
    except StoppedError as error:
        click.echo(f"negatives: {error}", err=True)
        sys.exit(error.code if error.code > 0 else 1)
    if as_json:
        click.echo(json.dumps(plain(accounts), indent=1))
    elif not quiet:
        click.echo(f"report: {out / REPORT}")
