"""Parses on disk."""

from pathlib import Path

from data.records import Caption
from negatives.building.parse_files import read_parses, write_parses
from tests.negatives.test_spacy_parse import ODD, parse_all


def test_parses_come_back_from_disk_as_they_were(tmp_path: Path) -> None:
    texts = [*ODD, "A red car next to two dogs.", "Nothing"]
    captions = [Caption(f"x:{n}", f"{n}.jpg", text) for n, text in enumerate(texts)]
    parses = parse_all(texts)
    write_parses(tmp_path / "p.arrow", captions, parses)
    assert list(read_parses(tmp_path / "p.arrow")) == list(zip(captions, parses, strict=True))
    write_parses(tmp_path / "none.arrow", [], [])
    assert list(read_parses(tmp_path / "none.arrow")) == []
