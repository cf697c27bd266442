"""Listeners of the user's own, named `package.module:Class` in the configuration."""

import importlib
import sys
from pathlib import Path

from data.errors import UsageError
from training.logs import Listener


def own_listener(name: str, run: Path) -> Listener:
    """Return a listener, made with the folder of the run as its one argument.

    Its module is looked for in the working directory too, after all other places.

    Raises:
        UsageError: there is no such class.
    """
    module_name, _, class_name = name.partition(":")
    if not all(part.isidentifier() for part in (*module_name.split("."), class_name)):
        raise UsageError(f"run.listeners: expected package.module:Class, found {name!r}")
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.append(here)
    try:
        module = importlib.import_module(module_name)
    except ImportError as error:
        raise UsageError(f"run.listeners: {name}: cannot import {module_name}: {error}") from error
    found = getattr(module, class_name, None)
    if not (callable(found) and hasattr(found, "note") and hasattr(found, "close")):
        raise UsageError(
            f"run.listeners: {name}: expected a class with the methods note and close in "
            f"{module_name}"
        )
    listener: Listener = found(run)
    return listener
