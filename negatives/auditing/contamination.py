"""Contamination: captions and negatives that stand in a benchmark's files too."""

from collections.abc import Iterator
from typing import Final

from data.errors import UsageError
from data.records import Row
from data.sources.files import json_of, parse_json
from data.sources.lines import lines_of
from data.sources.packed import kind_of
from data.sources.table_files import Form, fields_of, first_line
from data.storage import AnyPath
from data.texts import normalise

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
        caption = normalise(row.caption) in self._texts
        negatives = sum(normalise(negative.text) in self._texts for negative in row.negatives)
        self.num_captions += caption
        self.num_negatives += negatives
        self.found.append(caption or negatives > 0)


def benchmark_texts(path: AnyPath) -> frozenset[str]:
    """Return the texts of a .json, .jsonl, .csv, .tsv or .txt file, normalised, of three words up.

    Of JSON every text counts, wherever it stands; of tables every field; of other files every line,
    and every part of it between tabs.

    Raises:
        UsageError: the file cannot be read, or has no such text.
    """
    try:
        texts = frozenset(
            key for text in _texts(path) if len((key := normalise(text)).split()) >= _LEAST_WORDS
        )
    except UsageError as error:
        raise UsageError(f"--against {error}") from error
    if not texts:
        raise UsageError(f"--against {path}: expected texts of three words or more, found none")
    return texts


def _texts(path: AnyPath) -> Iterator[str]:
    kind = kind_of(path.name)
    if kind == ".json":
        yield from _strings(json_of(path))
        return
    if kind == ".csv":
        delimiter = max(",;\t|", key=first_line(path).count)
        for _, fields in fields_of(path, Form(delimiter, quoted=True)):
            yield from fields
        return
    for number, line in lines_of(path):
        if kind not in _LINES:
            yield line
            yield from line.split("\t")
        elif line.strip():
            yield from _strings(parse_json(line, path=path, first_line=number))


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
