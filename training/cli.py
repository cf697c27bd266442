"""The `train` command. Heavy modules are imported inside the commands: `--help` is instant."""

import logging
import sys

import click

from data.command import run
from training.commands.export import export
from training.commands.publish import publish
from training.commands.train import train

_EXTRA = frozenset(("open_clip", "torch", "torchvision"))

COMMANDS = (export, publish)
for command in COMMANDS:
    train.add_command(command)


def main() -> None:
    """Run a command; exit with 2 on what the user can mend, 1 on failure, 75 on SIGTERM."""
    logging.basicConfig(level=logging.CRITICAL)  # open_clip logs what our errors say
    try:
        run(train, name="train")
    except ModuleNotFoundError as error:
        if error.name not in _EXTRA:
            raise
        click.echo(
            f"train: expected the library {error.name}, found none: "
            "pip install 'hard-negatives[train]'",
            err=True,
        )
        sys.exit(2)


if __name__ == "__main__":  # torchrun -m training.cli
    main()
