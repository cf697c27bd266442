"""The `negatives` command. Heavy modules are imported inside the commands: `--help` is instant."""

import os
import sys

import click

from data.errors import RetryableError, ShardError, UsageError
from negatives.commands.annotate import annotate
from negatives.commands.audit import audit
from negatives.commands.build import build
from negatives.commands.convert import export, import_
from negatives.commands.derive import filter_, merge
from negatives.commands.listing import presets, rules, sources
from negatives.commands.look import inspect, stats, verify
from negatives.commands.preview import preview
from negatives.commands.scenes import render
from negatives.folders.versions import own_version


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(own_version(), prog_name="negatives")
def cli() -> None:
    """Image captions -> hard-negative captions, as Arrow shards."""


COMMANDS = (
    *(build, preview, rules, sources, presets),
    *(stats, inspect, verify, render, import_, export, filter_, merge, annotate, audit),
)
for command in COMMANDS:
    cli.add_command(command)


def main() -> None:
    """Run a command; exit with 2 on what the user can mend, with 1 on work that failed."""
    try:
        cli.main(standalone_mode=False)
    except click.exceptions.Exit as end:
        sys.exit(end.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except click.Abort:
        sys.exit(130)
    except (UsageError, ShardError, RetryableError) as error:
        click.echo(f"negatives: {error}", err=True)
        sys.exit(2 if isinstance(error, UsageError) else 1)
    except BrokenPipeError:  # the reader of a pipe has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except OSError as error:  # a full disk, a folder that may not be read
        click.echo(f"negatives: {error}", err=True)
        sys.exit(1)
