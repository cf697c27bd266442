import pytest

from benchmarks.recipes import Row, compare, distance
from negatives.rules.negclip_swap import NegclipSwap
from tests.parses import parse_of

PARSE = parse_of("a/DET dog/NOUN ,/PUNCT a/DET cat/NOUN and/CCONJ a/DET cow/NOUN")
ALL = ("a cat, a dog and a cow", "a cow , a cat and a dog .", "A dog, a cow and a cat")


def test_draws_of_the_same_recipe() -> None:
    row = Row(PARSE.text, (*ALL * 40, PARSE.text, "a dog"))
    result = compare([row], [PARSE], NegclipSwap(), unit="draw", seed=0)
    assert result.equal_to_caption == 1
    assert result.published_negatives == 120
    assert result.contained == pytest.approx(120 / 121, abs=0.01)
    assert result.our_shares == {"obj": 1.0}
    near, noise = result.distances["edit"]
    assert near < 0.25
    assert noise < 0.05


def test_one_of_each_slot() -> None:
    rows = [Row(PARSE.text, ("a cow, a cat and a dog",)), Row(PARSE.text, ("not ours",))]
    result = compare(rows, [PARSE, PARSE], NegclipSwap(), unit="slot", seed=0)
    assert result.contained == 0.5
    assert result.published_shares == {"obj": 0.5, "outside": 0.5}
    assert result.distances == {"subtype": (0.5, 1.0)}


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [("ab", "ab", 0.0), ("aa", "bb", 1.0), ("ab", "aa", 0.5), ("ab", "aabb", 0.0)],
)
def test_distance(left: str, right: str, expected: float) -> None:
    assert distance(left, right) == expected
