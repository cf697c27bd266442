"""The curve of yield and leak: a line is a build and its audit."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner

from benchmarks.curves import Corpus, main, point_of


class Judge:
    name = "fake/Longer-1B"
    version = "1"

    def log_probabilities(self, texts: Sequence[str]) -> list[float]:
        return [-float(len(text)) for text in texts]


@pytest.mark.parametrize(
    ("limit", "expected"),
    [(300, "    300 captions, coverage 0.25: "), (5, "too few negatives")],
)
def test_a_line_of_the_curve(limit: int, expected: str) -> None:
    num_read, line = point_of(Corpus("scenes", None, 1, "asked for none"), limit, 0.25)
    assert num_read == limit
    assert expected in line
    assert ("words: overall 0." in line) == (limit > 5)
    assert "fluency" not in line


def test_a_reference_model_adds_its_gap() -> None:
    _, line = point_of(Corpus("scenes", None, 1, Judge()), 300, 0.25)
    assert "; fluency: overall 0." in line


def test_sizes_end_where_the_source_does(tmp_path: Path) -> None:
    path = tmp_path / "few.jsonl"
    said = [{"image": f"{n}.jpg", "caption": f"A red car number {n}."} for n in range(9)]
    path.write_text("\n".join(map(json.dumps, said)))
    sizes = [part for size in (50, 4, 20) for part in ("--size", str(size))]
    arguments = ["--source", "jsonl", "--root", str(path), *sizes, "--min-context-coverage", "0.5"]
    lines = CliRunner().invoke(main, arguments, catch_exceptions=False).stdout.splitlines()
    assert [line.split(":")[0].strip() for line in lines] == [
        "4 captions, coverage 0.34",
        "9 captions, coverage 0.34",
        "the source has 9 captions, fewer than 20",
        "9 captions, coverage 0.50",
    ]
