"""The table of pairs for corpora that tell nothing themselves."""

import json
from pathlib import Path

import pytest

from data.records import Caption
from negatives import build
from negatives.exclusion.shipped import table_from
from negatives.generator import overlapping_pairs
from negatives.guards.tables import names_of_one_thing, together_of
from negatives.policy import CorpusScoring, PairPolicy
from negatives.scorers import open_scorers
from tests.parses import parse_of

FORMS = ("A dog on a {}.", "A dog sits on a {}.", "The cat stands near a {}.")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A build of 60 images, half of them of what some call a path and others a road."""
    folder = tmp_path_factory.mktemp("shipped")
    lines = [
        {"image": f"{n}.jpg", "caption": FORMS[n % 3].format(word)}
        for n in range(60)
        for word in (("path", "road") if n % 2 else ("street", "street"))
    ]
    source = folder / "captions.jsonl"
    source.write_text("".join(json.dumps(line) + "\n" for line in lines))
    build(source="jsonl", root=source, out=folder / "out")
    return folder / "out"


def test_a_table_holds_what_holds_without_any_fold(built: Path) -> None:
    table = table_from([built])
    assert "# jsonl: 120 captions, licence " in table
    assert [line for line in table.splitlines() if line[:1] != "#"] == ["noun: path / road"]
    assert together_of(table).holds("road", "path", "NOUN")


def test_a_corpus_tells_by_itself_and_the_table_where_it_cannot(built: Path) -> None:
    block = [(Caption("x:0", "0.jpg", "a dog"), parse_of("a/DET dog/NOUN"))]
    policy = PairPolicy(scorers=(CorpusScoring(),))
    (own,) = overlapping_pairs(block, open_scorers(policy, built / "fluency"))
    (shipped,) = overlapping_pairs(block, [None])
    assert own.holds("path", "road", "NOUN")
    assert not own.holds("cup", "glass", "NOUN")
    assert shipped.holds("cup", "glass", "NOUN")
    assert shipped is names_of_one_thing()
