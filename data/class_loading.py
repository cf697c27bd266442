"""User-defined classes, named `package.module:Class` in a configuration."""

import importlib
import sys
from pathlib import Path

from data.errors import UsageError
from data.texts import one_line


def load_class(name: str, *, what: str) -> tuple[object, str]:
    """Return the object that a name refers to (None if its module lacks it) and the module's name.

    The working directory is searched too, last: an installed command does not search it by default.
    Workers start in the same directory and do the same. `what` says in messages what the name is
    for.

    Raises:
        UsageError: the name does not have this form, or the module cannot be imported.
    """
    module_name, _, class_name = name.partition(":")
    if not all(part.isidentifier() for part in (*module_name.split("."), class_name)):
        raise UsageError(f"{what} {name}: expected package.module:Class, found {name!r}")
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.append(here)
    try:
        module = importlib.import_module(module_name)
    except ImportError as error:
        raise UsageError(
            f"{what} {name}: cannot import {module_name}: {one_line(error)}"
        ) from error
    return getattr(module, class_name, None), module_name
