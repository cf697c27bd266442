"""Listeners by name: built-in ones, and user-defined ones, `package.module:Class`."""

from pathlib import Path

from data.class_loading import load_class
from data.commit import Json
from data.errors import UsageError
from training.run.logs import Listener
from training.run.recorders import READY


def listener(name: str, run: Path, *, after_step: int, config: Json) -> Listener:
    """Return a listener of a run's records.

    Args:
        name: of a built-in one, or of a class, which is constructed with the run's folder.
        run: its folder.
        after_step: the step from which the run resumes; later records are rewritten.
        config: everything that affects the weights.

    Raises:
        UsageError: there is no such class, or its library is missing.
    """
    if name in READY:
        return READY[name](run, after_step=after_step, config=config)
    return own_listener(name, run)


def own_listener(name: str, run: Path) -> Listener:
    """Return a user-defined listener.

    Raises:
        UsageError: there is no such class.
    """
    if ":" not in name:
        raise UsageError(
            f"run.listeners: expected {', '.join(READY)} or package.module:Class, found {name!r}"
        )
    found, module_name = load_class(name, what="run.listeners:")
    if not (callable(found) and hasattr(found, "note") and hasattr(found, "close")):
        raise UsageError(
            f"run.listeners: {name}: expected a class with the methods note and close in "
            f"{module_name}"
        )
    listener: Listener = found(run)
    return listener
