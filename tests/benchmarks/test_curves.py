"""The curve of yield and leak: a line is a build and its audit."""

import pytest

from benchmarks.curves import line_of


@pytest.mark.parametrize(
    ("limit", "expected"),
    [(300, "    300 captions, known 0.25: "), (5, "too few negatives")],
)
def test_a_line_of_the_curve(limit: int, expected: str) -> None:
    line = line_of("scenes", None, limit, 0.25, 1)
    assert expected in line
    assert ("words: overall 0." in line) == (limit > 5)
