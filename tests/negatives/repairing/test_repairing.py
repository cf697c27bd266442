"""What is kept of a set is what readers cannot tell; a kind without such a part is given up."""

import json
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from click.testing import CliRunner

from data.errors import UsageError
from data.manifest import problems_of, read_all_rows, read_manifest
from data.streams import Stream
from negatives.cli import cli
from negatives.negation.clauses import cluster_of
from negatives.repairing.run import DROPPED, Repaired, RepairOptions, repair
from negatives.repairing.scores import saved_scores
from negatives.repairing.thinning import balancing_chances, half_way

NOUNS = ("dog", "cat", "cow", "bus", "cup", "hat", "bag", "kite", "boat", "lamp")
NUM_PAIRS = 120


class Checksums(NamedTuple):
    """A model whose scores no reader of words or of form can predict; it lists what it read."""

    read: list[str]
    name: str = "Checksums-1B"
    version: str = "1"

    def log_probabilities(self, texts: Sequence[str]) -> list[float]:
        self.read.extend(texts)
        return [-zlib.crc32(text.encode()) / 2**32 for text in texts]


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
    assert add["accuracy_before"]["words"][0] == 1
    assert (add["kept"], add["accuracy_after"]) == (0, {})
    assert "groups of images left" in add["why_none"]
    assert replace["accuracy_before"]["words"][0] > 0.65
    assert 0.35 <= replace["accuracy_after"]["words"][0] <= 0.65
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


def test_the_reference_model_thins_what_the_adversary_cannot_tell(tmp_path: Path) -> None:
    path, model = tmp_path / "negatives.jsonl", Checksums([])
    path.write_text("\n".join(json.dumps(record) for record in told_by_checksum()))
    scores = tmp_path / "first.scores.json"
    first = repair_with(model, path, tmp_path / "first")
    (kind,) = first.kinds
    assert abs(kind.before["words"].value - 0.5) < 0.1
    assert kind.before["fluency"].value > 0.7
    assert all(abs(share.value - 0.5) <= 0.1 for share in kind.after.values())
    assert set(kind.after) == {"words", "form", "fluency"}
    assert 50 < kind.num_kept < 140
    assert first.manifest.lineage[1]["reference"] == {"model": model.name, "version": "1"}
    assert len(model.read) == len(set(model.read)) > 200
    unread = Checksums([])
    assert repair_with(unread, path, tmp_path / "again", scores=scores).kinds == first.kinds
    assert unread.read == []


def test_a_text_is_read_once_by_each_model(tmp_path: Path) -> None:
    file = tmp_path / "new" / "scores.json"
    for version, texts, read in (
        ("1", ["a", "b", "a"], ["a", "b"]),
        ("1", ["b", "c"], ["c"]),
        ("2", ["a"], ["a"]),
        ("1", ["c", "a"], []),
    ):
        model = Checksums([], version=version)
        saved = saved_scores(model, file, lambda _stage: None)
        assert saved.log_probabilities(texts) == Checksums([]).log_probabilities(texts)
        assert model.read == read


@pytest.mark.parametrize("content", ["[]", "{", '{"model": {"A dog.": "likely"}}'])
def test_what_is_no_file_of_scores_is_refused(
    published: Path, tmp_path: Path, content: str
) -> None:
    scores = tmp_path / "scores.json"
    scores.write_text(content)
    with pytest.raises(UsageError, match="expected the scores of a language model"):
        repair_with(Checksums([]), published, tmp_path / "new", scores=scores)


def test_a_folder_that_exists_is_refused_before_the_model_reads(
    published: Path, tmp_path: Path
) -> None:
    (tmp_path / "notes.txt").touch()
    model = Checksums([])
    with pytest.raises(UsageError, match="not empty"):
        repair_with(model, published, tmp_path)
    assert model.read == []


def told_by_checksum() -> Iterator[dict[str, object]]:
    """Yield pairs drawn alike, whose caption has the smaller checksum in three of four."""
    for number in range(160):
        stream = Stream(1, number)
        said = f"A {{}} {stream.choice(NOUNS)} beside a {stream.choice(NOUNS)} {number}."
        texts = sorted(
            (said.format("red"), said.format("tan")), key=lambda t: zlib.crc32(t.encode())
        )
        caption, negative = texts if stream.chance(0.75) else reversed(texts)
        yield {
            "image": f"{number}.jpg",
            "caption": caption,
            "negatives": [{"text": negative, "type": "replace", "subtype": "att"}],
        }


def repair_with(model: Checksums, path: Path, out: Path, *, scores: Path | None = None) -> Repaired:
    options = RepairOptions(tolerance=0.1)
    return repair(path, out, reference=model, scores=scores, options=options)


def clauses() -> Iterator[dict[str, object]]:
    """Yield a true and a false clause of either form, given away by other words in each form."""
    of_cluster = Counter[int]()  # evenly filled: an adversary needs 50 of 64
    for number in range(1000):
        cluster = cluster_of(str(number))
        of_cluster[cluster] += 1
        if of_cluster[cluster] > 4:
            continue
        stream = Stream(2, number)
        said = f"A {stream.choice(NOUNS)} beside a cup"
        denied, affirmed = ("key", "pen"), ("pen", "key")
        forms = [
            things if stream.chance(share) else things[::-1]
            for things, share in ((denied, 0.7), (affirmed, 0.7))
        ]
        true, false = (
            [
                {"text": f"{said}, and there is {word} {things[side]}.", "type": kind}
                | {"subtype": "existence", "rule": "absence"}
                for things, word, kind in zip(forms, ("no", "a"), ("negate", "add"), strict=True)
            ]
            for side in (0, 1)
        )
        yield {
            "image": f"{number}.jpg",
            "caption": f"{said}.",
            "positives": [{**each, "type": "rewrite"} for each in true],
            "negatives": false,
        }


def test_the_figures_of_clauses_are_those_of_what_is_written(tmp_path: Path) -> None:
    path, out = tmp_path / "negatives.jsonl", tmp_path / "repaired"
    path.write_text("\n".join(map(json.dumps, clauses())))
    repaired = repair(path, out, reference=None, options=RepairOptions(tolerance=0.15))
    rows = [row for row in read_all_rows(out, repaired.manifest) if row.negatives]
    assert {len(row.negatives) for row in rows} == {2}
    assert [(kind.num_before, kind.num_kept) for kind in repaired.kinds] == [(256, len(rows))] * 2
    assert all(abs(kind.after["words"].value - 0.5) <= 0.15 for kind in repaired.kinds)
    broken = repaired.dropped["negatives: clauses, of which others were dropped"]
    assert broken > 0
    assert broken + repaired.dropped[DROPPED] == 2 * (256 - len(rows))


def test_scores_are_beside_the_current_folder(
    published: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "new.scores.json").write_text("[]")
    (tmp_path / "new").mkdir()
    monkeypatch.chdir(tmp_path / "new")
    with pytest.raises(UsageError, match=r"new\.scores\.json: expected the scores"):
        repair_with(Checksums([]), published, Path())
