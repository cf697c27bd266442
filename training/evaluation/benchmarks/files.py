"""What adapters share: reading files and fields, with errors that say what is wrong and where."""

import ast
import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from data.errors import UsageError

Record = Mapping[str, Any]


def read_json(path: Path) -> Any:  # noqa: ANN401 - JSON has no narrower type
    """Return the content of a JSON file.

    Raises:
        UsageError: it is missing, or is not JSON.
    """
    try:
        return json.loads(_text(path))
    except ValueError as error:
        raise UsageError(f"{path}: expected JSON ({error})") from error


def read_list(path: Path) -> list[Any]:
    """Return the content of a JSON file that is a list.

    Raises:
        UsageError: the file is missing, or holds something else.
    """
    content = read_json(path)
    if not isinstance(content, list) or not content:
        raise UsageError(f"{path}: expected a list of items, found {_short(content)}")
    return content


def records(path: Path) -> list[tuple[str, Record]]:
    """Return the records of a JSON object or list, each with its key or index.

    Raises:
        UsageError: the file is missing, or holds something else.
    """
    content = read_json(path)
    if not isinstance(content, dict | list):
        raise UsageError(f"{path}: expected records, found a {type(content).__name__}")
    pairs = content.items() if isinstance(content, dict) else _numbered(content)
    return _check_records(pairs, path=path)


def lines(path: Path) -> list[tuple[str, Record]]:
    """Return the records of a file with one JSON object per line, each with its index.

    Raises:
        UsageError: the file is missing, or holds something else.
    """
    try:
        content = [json.loads(line) for line in _text(path).splitlines() if line.strip()]
    except ValueError as error:
        raise UsageError(f"{path}: expected JSON lines ({error})") from error
    return _check_records(_numbered(content), path=path)


def rows(path: Path) -> list[tuple[str, Record]]:
    """Return the records of a CSV file with a heading, each with its index.

    Raises:
        UsageError: the file is missing, or holds something else.
    """
    try:
        content = list(csv.DictReader(_text(path).splitlines(keepends=True)))
    except csv.Error as error:
        raise UsageError(f"{path}: expected CSV ({error})") from error
    return _check_records(_numbered(content), path=path)


def field(record: Record, name: str, *, path: Path) -> str:
    """Return a text of a record.

    Raises:
        UsageError: it is missing, or not a text.
    """
    value = _value(record, name)
    if not isinstance(value, str):
        raise UsageError(f"{path}: expected a text {name!r} in each record, found {_short(value)}")
    return value


def number(record: Record, name: str, *, path: Path) -> int:
    """Return a whole number of a record; in a CSV file it is a text.

    Raises:
        UsageError: it is missing, or not a whole number.
    """
    value = _value(record, name)
    try:
        if float(value) == int(float(value)):
            return int(float(value))
    except (TypeError, ValueError, OverflowError):
        pass
    raise UsageError(
        f"{path}: expected a whole number {name!r} in each record, found {_short(value)}"
    )


def texts(record: Record, name: str, *, path: Path) -> tuple[str, ...]:
    """Return the texts of a record, at least one; in a CSV file they are a list in Python's syntax.

    Raises:
        UsageError: they are missing, or not texts.
    """
    value = _value(record, name)
    if isinstance(value, str):
        try:
            value = ast.literal_eval(value)
        except (ValueError, SyntaxError):
            value = value.strip()
    if isinstance(value, list | tuple) and value and all(isinstance(text, str) for text in value):
        return tuple(value)
    raise UsageError(
        f"{path}: expected a list of texts {name!r} in each record, found {_short(value)}"
    )


def box(record: Record, names: Sequence[str], *, path: Path) -> tuple[int, int, int, int]:
    """Return a box as left, top, right, bottom from the names of left, top, width and height.

    Raises:
        UsageError: one is missing, or not a whole number.
    """
    left, top, width, height = (number(record, name, path=path) for name in names)
    return left, top, left + width, top + height


def true_first(options: Sequence[str], true: int, *, path: Path) -> tuple[str, ...]:
    """Return options with the true one first.

    Raises:
        UsageError: there is no such option.
    """
    if not 0 <= true < len(options):
        raise UsageError(f"{path}: expected one of {len(options)} options as true, found {true}")
    return options[true], *options[:true], *options[true + 1 :]


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UsageError(f"{path}: expected a file of the benchmark ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}: expected UTF-8 ({error.reason})") from error


def _value(record: Record, name: str) -> Any:  # noqa: ANN401 - JSON has no narrower type
    return record.get(name) if isinstance(record, Mapping) else None


def _numbered(content: Sequence[Any]) -> list[tuple[str, Any]]:
    return [(str(place), record) for place, record in enumerate(content)]


def _check_records(pairs: Iterable[tuple[str, Any]], *, path: Path) -> list[tuple[str, Record]]:
    found = list(pairs)
    wrong = next((record for _, record in found if not isinstance(record, Mapping)), None)
    if not found or wrong is not None:
        raise UsageError(f"{path}: expected records of named fields, found {_short(wrong)}")
    return found


def _short(value: object) -> str:
    return repr(value)[:80]
