"""The `negatives` command. Heavy imports are inside the commands: `--help` is instant."""

import click

from data.command import run
from negatives.commands.annotate import annotate
from negatives.commands.audit import audit
from negatives.commands.build import build
from negatives.commands.compose import compose
from negatives.commands.convert import export, import_
from negatives.commands.derive import filter_, merge
from negatives.commands.listing import presets, rules, sources
from negatives.commands.look import inspect, stats, verify
from negatives.commands.preview import preview
from negatives.commands.publish import publish, pull
from negatives.commands.repair import repair
from negatives.commands.run import run as run_pipeline
from negatives.commands.scenes import render
from negatives.folders.versions import own_version


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(own_version(), prog_name="negatives")
def cli() -> None:
    """Image captions -> hard-negative captions, as Arrow shards."""


COMMANDS = (
    *(build, preview, run_pipeline, rules, sources, presets),
    *(stats, inspect, verify, render, import_, export, filter_, merge, compose, annotate, audit),
    *(repair, publish, pull),
)
for command in COMMANDS:
    cli.add_command(command)

RENAMED = {"--judge": "--reference-model", "--judge-pairs": "--reference-pairs"}
"""Options renamed in 2026-12, and their new names."""


def main() -> None:
    """Run a command; exit with 2 if the user can fix the error, with 1 if work failed."""
    run(cli, name="negatives", renamed=RENAMED)


if __name__ == "__main__":  # python -m negatives.cli
    main()
