"""Classes of the user's own, named `package.module:Class` in a configuration."""

import importlib
import sys
from pathlib import Path

from data.errors import UsageError
from data.texts import one_line


def load_class(name: str, *, what: str) -> tuple[object, str]:
    """Return what a name stands for, None if its module has no such thing, and the module's name.

    The module is looked for in the working directory too, after all other places: an installed
    command does not look there by itself. Workers start in the same directory and do the same.
    `what`: of what it is the name, for messages.

    Raises:
        UsageError: it is no name of this form, or there is no such module.
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
