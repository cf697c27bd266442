"""Contamination: captions and negatives that are also in a benchmark's files."""

from collections.abc import Iterator, Sequence
from typing import Final

from data.errors import UsageError
from data.records import Row
from data.sources.files import json_of, parse_json
from data.sources.lines import lines_of
from data.sources.packed import kind_of
from data.sources.table_files import Form, fields_of, first_line
from data.storage import AnyPath
from data.texts import normalise

_LEAST_WORDS: Final = 3  # shorter texts are names and labels, or too common to show their origin
_LINES: Final = frozenset((".jsonl", ".ndjson"))


class Contamination:
    """How many captions and negatives are among the texts of one file."""

    def __init__(self, texts: frozenset[str]) -> None:
        """Start with no rows."""
        self._texts = texts
        self.num_captions = 0
        self.num_negatives = 0
        self.found: list[bool] = []

    def add(self, row: Row) -> None:
        """Look up a row's texts; `found` holds for each row whether there was one."""
        caption = normalise(row.caption) in self._texts
        negatives = sum(normalise(negative.text) in self._texts for negative in row.negatives)
        self.num_captions += caption
        self.num_negatives += negatives
        self.found.append(caption or negatives > 0)


def texts_by_name(paths: Sequence[AnyPath]) -> dict[str, frozenset[str]]:
    """Return the texts of benchmarks' files by the files' names (`benchmark_texts`).

    Raises:
        UsageError: a file is given twice, cannot be read, or has no text of three words or more.
    """
    return {name: benchmark_texts(path) for name, path in zip(_names(paths), paths, strict=True)}


def _names(paths: Sequence[AnyPath]) -> list[str]:
    """Return the files' names, each with as many folders above it as make it unique.

    Raises:
        UsageError: a file is given twice.
    """
    parts = [path.resolve().parts for path in paths]
    if len(set(parts)) < len(parts):
        raise UsageError("--against: a file is given twice; name each once")
    return ["/".join(_shortest(own, parts)) for own in parts]


def _shortest(own: tuple[str, ...], parts: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    """Return the shortest end of a path that no other of these paths shares."""
    tails = (own[-depth:] for depth in range(1, len(own) + 1))
    return next(
        (tail for tail in tails if sum(each[-len(tail) :] == tail for each in parts) == 1), own
    )


def benchmark_texts(path: AnyPath) -> frozenset[str]:
    """Return a file's normalised texts of three words or more: .json, .jsonl, .csv, .tsv or .txt.

    In JSON every string counts, wherever it is; in tables every field; in other files every line,
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
