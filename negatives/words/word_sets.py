"""Sets of words shipped as text: `tables/NAME.txt`, lines of `set: word word ...`, "#" comments."""

from collections.abc import Mapping
from functools import cache
from importlib import resources


@cache
def word_sets(name: str) -> Mapping[str, frozenset[str]]:
    """Return the sets of a table; lines with the same name are merged.

    Raises:
        FileNotFoundError: the package has no such table.
    """
    table = resources.files("negatives").joinpath("tables", f"{name}.txt")
    sets: dict[str, frozenset[str]] = {}
    for line in table.read_text(encoding="utf-8").splitlines():
        key, colon, words = line.partition(":")
        if colon and not line.startswith("#"):
            sets[key] = sets.get(key, frozenset()).union(words.split())
    return sets
