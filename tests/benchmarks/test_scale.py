"""The cost of stages over sizes: its texts, its clock, and that nothing is measured twice."""

import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest
from click.testing import CliRunner

from benchmarks import scale
from benchmarks.scale import Case, is_finished, main, measure
from benchmarks.scale_tables import lines_of, over_sizes
from benchmarks.scale_texts import KINDS, Change, copies, number_text, vary
from benchmarks.stages import AFTER, Clock
from data.errors import ShardError
from data.records import Caption
from negatives.fluency.folds import folds_of, keys_of

TEXTS = (
    "A brown dog chasing a white cat across the wet grass .",
    "Two men in red shirts standing next to a small blue car .",
    "A woman holding a green umbrella in front of an old house .",
)
ORIGINALS = [Caption(f"x:{n}", f"{n:08d}.jpg", text) for n, text in enumerate(TEXTS)]


@pytest.mark.parametrize("change", [number_text, vary(TEXTS)])
def test_copies_are_of_other_images_and_share_no_text(change: Change) -> None:
    found = list(islice(copies(ORIGINALS, change), 9))
    assert [caption.text for caption in found[:3]] == list(TEXTS)
    assert found == list(islice(copies(ORIGINALS, change), 9))
    assert len(set(folds_of([keys_of(found)]).texts.tolist())) == 9
    assert len(set(keys_of(found).images.tolist())) == 9


def test_varied_texts_have_new_words_in_old_places() -> None:
    found = list(islice(copies(ORIGINALS, vary(TEXTS)), 300))
    words = {word for caption in found for word in caption.text.split()}
    assert len(words - {word for text in TEXTS for word in text.split()}) > 200
    for number, caption in enumerate(found[3:], start=3):
        first = TEXTS[number % 3].split()
        assert len(caption.text.split()) == len(first) + 1
        assert caption.text.split()[0] == first[0]


class Parse:
    """Does tasks as a build's `Attempt` at the stage does."""

    stage = "parse"

    def __call__(self, number: int) -> str:
        if number == 2:
            raise ShardError("two")
        return str(number)


def test_the_clock_knows_what_runs() -> None:
    done: list[str] = []
    clock = Clock(done=done.append)
    clock.switch("plan")
    with clock.executor(1, lambda: None) as run:
        results = [str(result) for result in run(Parse(), range(4))]
    clock.switch("")
    assert results == ["0", "1", "two", "3"]
    assert list(clock.stages) == ["plan", "load", "read", "parse", AFTER["parse"]]
    assert done == ["parse"]
    for stage in clock.stages.values():
        assert stage.cpu_s >= 0
        assert 0 < stage.wall_s < 10
        assert 10**6 < stage.before <= stage.peak


def test_a_build_is_measured_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runs: list[Case] = []

    def measure_here(case: Case, *, root: Path, results: Path) -> None:
        runs.append(case)
        folder = tmp_path / str(len(runs))
        folder.mkdir()
        measure(case, root=root, folder=folder, file=case.file_in(results))

    monkeypatch.setattr(scale, "measure_in_process", measure_here)
    arguments = ["--captions", "40", "--block", "20", "--results", str(tmp_path)]
    first = CliRunner().invoke(main, arguments, catch_exceptions=False).stdout
    assert CliRunner().invoke(main, arguments, catch_exceptions=False).stdout == first
    CliRunner().invoke(main, [*arguments, "--again"], catch_exceptions=False)
    assert runs == [Case("scenes", 40, 20)] * 2
    record = json.loads(runs[0].file_in(tmp_path).read_text())
    assert record["finished"]
    stages = "load read parse group count merge table fit weights choose finish"
    assert set(stages.split()) < set(record["stages"])
    assert record["bytes"]["work"] > record["bytes"]["data"] > 0
    assert record["keys"] > 100
    assert "40 rows in 2 shards" in first


def test_a_build_that_was_stopped_is_measured_again(tmp_path: Path) -> None:
    stage = {"cpu_s": 1.0, "wall_s": 2.0, "before": 10**6, "after": 3 * 10**6, "peak": 4 * 10**6}
    record = {
        "kind": "scenes",
        "captions": 500,
        "finished": False,
        "bytes": {"work": 10**6},
        "stages": {"parse": stage},
    }
    file = tmp_path / "scenes-500.json"
    assert not is_finished(file)
    file.write_text(json.dumps(record))
    assert not is_finished(file)
    lines: Iterator[str] = lines_of(record)
    assert next(lines) == "500 captions, scenes: stopped, the stages that were done"
    assert [line.split() for line in lines][1] == ["parse", "1.0", "2.000", "2.0", "4", "2"]
    other = record | {"stages": {"choose": stage}}
    *_, parse, choose = (line.split() for line in over_sizes([record, other]))
    assert (parse, choose) == (["parse", "2.000", "-"], ["choose", "-", "2.000"])


@pytest.mark.parametrize("kind", ["", "scenes,mars"])
def test_unknown_texts_are_refused(kind: str, tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["--source", kind, "--results", str(tmp_path)])
    assert result.exit_code == 2
    assert all(name in result.stderr for name in KINDS)
