"""What is kept of a set is what readers cannot tell; a kind without such a part is given up."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from data.manifest import problems_of, read_all_rows, read_manifest
from data.streams import Stream
from negatives.cli import cli
from negatives.repairing.thinning import balancing_chances, half_way

NOUNS = ("dog", "cat", "cow", "bus", "cup", "hat", "bag", "kite", "boat", "lamp")
NUM_PAIRS = 120


class Longer:
    """A model that finds a text the more probable, the longer it is."""

    name = "fake/Longer-1B"
    version = "1"

    def log_probabilities(self, texts: Sequence[str]) -> list[float]:
        return [float(len(text)) for text in texts]


@pytest.mark.parametrize(
    ("margins", "expected"),
    [
        ([[1, -1, 2, -2]], [1, 1, 1, 1]),
        ([[1, 1, 1, -1]], [1 / 3, 1 / 3, 1 / 3, 1]),
        ([[1, -1, -1, 0]], [1, 0.5, 0.5, 1]),  # neither side of a tie gives anything away
        ([[1, 1, 3, 3]], [0, 0, 0, 0]),
        ([[1, 1, -1, -1], [1, 1, -1, -1]], [1, 1, 1, 1]),
        ([[1, 1, 1, -1], [1, 1, 1, -1]], [1 / 3, 1 / 3, 1 / 3, 1]),  # one leak, found twice
    ],
)
def test_chances_balance_the_signs(margins: list[list[float]], expected: list[float]) -> None:
    given = [np.array(of_reader, np.float64) for of_reader in margins]
    assert balancing_chances(given).tolist() == pytest.approx(expected)
    assert half_way(given).tolist() == pytest.approx(np.sqrt(expected).tolist())


def test_every_size_of_margin_is_balanced_by_itself() -> None:
    size = np.repeat((1.0, 5.0), 200)
    sign = np.where(np.arange(400) % 10 < np.repeat((6, 9), 200), 1, -1)
    chances = balancing_chances([size * sign])
    kept = {(s, d): chances[(size == s) & (sign == d)].sum() for s in (1, 5) for d in (1, -1)}
    assert kept == pytest.approx({(1, 1): 80, (1, -1): 80, (5, 1): 20, (5, -1): 20}, abs=1)


def records() -> Iterator[dict[str, object]]:
    """Yield a kind of which colours give three in four pairs away, and one told by length."""
    for number in range(NUM_PAIRS):
        stream = Stream(0, number)
        colours = stream.choice(("red", "tan")), stream.choice(("jet", "sky"))
        colour, new = colours if stream.chance(0.75) else reversed(colours)
        said = f"A {{}} {stream.choice(NOUNS)} beside a {stream.choice(NOUNS)}."
        texts = (said.format(new), "replace"), (said.format(f"big {colour}"), "add")
        yield {
            "image": f"{number}.jpg",
            "caption": said.format(colour),
            "negatives": [{"text": text, "type": kind, "subtype": "att"} for text, kind in texts],
        }


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("published") / "negatives.jsonl"
    path.write_text("\n".join(map(json.dumps, records())))
    return path


def test_a_kind_is_thinned_or_given_up(published: Path, tmp_path: Path) -> None:
    out = tmp_path / "repaired"
    arguments = ["repair", str(published), str(out), "--reference-model", "none", "--json"]
    ran = CliRunner().invoke(cli, [*arguments, "--tolerance", "0.15"], catch_exceptions=False)
    add, replace = json.loads(ran.stdout)["kinds"]
    assert add["told_before"]["words"][0] == 1
    assert (add["kept"], add["told_after"]) == (0, {})
    assert "images left" in add["why_none"]
    assert replace["told_before"]["words"][0] > 0.65
    assert 0.35 <= replace["told_after"]["words"][0] <= 0.65
    assert 50 < replace["kept"] < 150
    manifest = read_manifest(out)
    assert list(problems_of(out, manifest)) == []
    rows = list(read_all_rows(out, manifest))
    assert len(rows) == NUM_PAIRS
    kept = [negative for row in rows for negative in row.negatives]
    assert [negative.subtype for negative in kept] == ["att"] * replace["kept"]
    assert {negative.type for negative in kept} == {"replace"}
    assert [entry["command"] for entry in manifest.lineage] == ["import", "repair"]
    assert manifest.lineage[1]["kinds"] == [add, replace]
