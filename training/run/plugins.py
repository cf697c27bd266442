"""Listeners of the user's own, named `package.module:Class` in the configuration."""

from pathlib import Path

from data.class_loading import load_class
from data.errors import UsageError
from training.run.logs import Listener


def own_listener(name: str, run: Path) -> Listener:
    """Return a listener, made with the folder of the run as its one argument.

    Raises:
        UsageError: there is no such class.
    """
    found, module_name = load_class(name, what="run.listeners:")
    if not (callable(found) and hasattr(found, "note") and hasattr(found, "close")):
        raise UsageError(
            f"run.listeners: {name}: expected a class with the methods note and close in "
            f"{module_name}"
        )
    listener: Listener = found(run)
    return listener
