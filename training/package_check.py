"""Check that `data` is the package next to this one: users may have their own `data.py` or `data/`.

The same file is in `negatives` and in `training`, which share only `data` itself.
"""

import sys
from importlib.util import find_spec
from pathlib import Path

_PACKAGE = Path(__file__).parent
_OWN = _PACKAGE.parent / "data"
_COMMANDS = ("negatives", "train", "evaluate")


def refuse_foreign_data() -> None:
    """Raise ImportError if `import data` would find something else; a command exits with 2 instead.

    Nothing is imported for the check, since importing a foreign `data` could run anything.
    """
    found = _data_path()
    if found is not None and found.exists() and found.samefile(_OWN / "__init__.py"):
        return
    found_or_not = (
        "none; install caption-negatives again"
        if found is None
        else (f"{found}; rename it, or start Python from another folder")
    )
    message = (
        f"expected `data` to be the package that `{_PACKAGE.name}` comes with ({_OWN}), found "
        f"{found_or_not}"
    )
    name = Path(sys.argv[0]).name if sys.argv else ""
    if name in _COMMANDS or name == "-m":  # `python -m` imports this package for a command in it
        sys.stderr.write(f"{_PACKAGE.name if name == '-m' else name}: {message}\n")
        sys.exit(2)
    raise ImportError(message, name="data", path=str(found))


def _data_path() -> Path | None:
    """Return the file or folder that `data` is, or would be if imported."""
    module = sys.modules.get("data")
    if module is not None and (file := getattr(module, "__file__", None)):
        return Path(file)
    try:
        spec = find_spec("data")
    except ValueError:  # made by hand, without a file
        return Path("<a module without a file>")
    if spec is None:
        return None
    folders = list(spec.submodule_search_locations or ())
    return Path(spec.origin or folders[0])
