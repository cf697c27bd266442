"""Contamination: captions and negatives that stand in a benchmark's files too."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from data.errors import UsageError
from data.records import Row
from data.texts import normalised

_LEAST_WORDS: Final = (
    3  # shorter ones are names and labels of a file, or say nothing of their origin
)
_LINES: Final = frozenset((".jsonl", ".ndjson"))


class Contamination:
    """Counts, for the texts of one file, of the captions and negatives that are among them."""

    def __init__(self, texts: frozenset[str]) -> None:
        """Start from nothing."""
        self._texts = texts
        self.num_captions = 0
        self.num_negatives = 0
        self.found: list[bool] = []

    def add(self, row: Row) -> None:
        """Look for a row's texts; `found` tells of each row whether there was one."""
        caption = normalised(row.caption) in self._texts
        negatives = sum(normalised(negative.text) in self._texts for negative in row.negatives)
        self.num_captions += caption
        self.num_negatives += negatives
        self.found.append(caption or negatives > 0)


def benchmark_texts(path: Path) -> frozenset[str]:
    """Return the texts of a .json, .jsonl or .txt file, normalised, three words or longer.

    Of JSON every text counts, wherever it stands; of other files every line.

    Raises:
        UsageError: the file cannot be read, or has no such text.
    """
    try:
        content = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"--against {path}: not a readable text file: {error}") from error
    texts = frozenset(
        key
        for text in _texts(path, content)
        if len((key := normalised(text)).split()) >= _LEAST_WORDS
    )
    if not texts:
        raise UsageError(f"--against {path}: expected texts of three words or more, found none")
    return texts


def _texts(path: Path, content: str) -> Iterator[str]:
    suffix = path.suffix.lower()
    if suffix == ".json":
        yield from _strings(_parsed(content, path))
    elif suffix in _LINES:
        for line in content.split("\n"):  # a text may hold other ends of lines
            if line.strip():
                yield from _strings(_parsed(line, path))
    else:
        yield from content.splitlines()


def _parsed(content: str, path: Path) -> object:
    try:
        return json.loads(content)
    except ValueError as error:
        raise UsageError(f"--against {path}: not JSON: {error}") from error


def _strings(content: object) -> Iterator[str]:
    todo = [content]
    while todo:
        item = todo.pop()
        if isinstance(item, str):
            yield item
        elif isinstance(item, dict):
            todo += item.values()
        elif isinstance(item, list):
            todo += item
