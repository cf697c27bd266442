"""The `train` and `evaluate` commands. Heavy imports are inside: `--help` is instant."""

import logging
import sys

import click

from data.command import run
from training.commands.evaluate import evaluate
from training.commands.evaluations import benchmarks, compare, plot
from training.commands.export import export
from training.commands.publish import publish
from training.commands.train import train

_EXTRA = frozenset(("open_clip", "torch", "torchvision"))

for command in (export, publish):
    train.add_command(command)
for command in (benchmarks, compare, plot):
    evaluate.add_command(command)


def main() -> None:
    """Train; exit with 2 if the user can fix the error, 1 on failure, 75 on SIGTERM."""
    _run(train, name="train")


def evaluation() -> None:
    """Evaluate; exit with 2 if the user can fix the error, 1 on failure."""
    _run(evaluate, name="evaluate")


def _run(command: click.Command, *, name: str) -> None:
    logging.basicConfig(level=logging.CRITICAL)  # open_clip logs what our errors already say
    logging.getLogger("huggingface_hub").propagate = False  # it prints its warnings itself
    try:
        run(command, name=name)
    except ModuleNotFoundError as error:
        if error.name not in _EXTRA:
            raise
        click.echo(
            f"{name}: the library {error.name} is not installed: "
            "pip install 'caption-negatives[train]'",
            err=True,
        )
        sys.exit(2)


if __name__ == "__main__":  # torchrun -m training.cli
    main()
