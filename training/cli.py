"""The `train` command. Heavy modules are imported inside the commands: `--help` is instant."""

import logging

from data.command import run
from training.commands.export import export
from training.commands.publish import publish
from training.commands.train import train

COMMANDS = (export, publish)
for command in COMMANDS:
    train.add_command(command)


def main() -> None:
    """Run a command; exit with 2 on what the user can mend, 1 on failure, 75 on SIGTERM."""
    logging.basicConfig(level=logging.CRITICAL)  # open_clip logs what our errors say
    run(train, name="train")


if __name__ == "__main__":  # torchrun -m training.cli
    main()
