"""The GPU's benchmark runs here with a tiny model, and says in one line where there is no GPU."""

import json
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner

from benchmarks.gpu import NO_GPU, PARTS, main, measured, table
from benchmarks.gpu_steps import Figure
from benchmarks.gpu_world import rows
from data.errors import UsageError

torch.set_num_threads(1)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
@pytest.mark.parametrize("options", [[], ["--device", "cuda"], ["--small"]])
def test_without_a_gpu_one_line_says_so(options: list[str]) -> None:
    done = CliRunner().invoke(main, options)
    assert (done.exit_code, done.output) == (0, f"{NO_GPU}\n")


def test_the_parts_run_here_with_a_tiny_model(tmp_path: Path) -> None:
    wanted = [option for part in ("step", "loader", "run") for option in ("--only", part)]
    line = ["--device", "cpu", "--small", *wanted, "--json", str(tmp_path / "found.json")]
    done = CliRunner().invoke(main, line)
    assert done.exit_code == 0, done.exception
    found = json.loads((tmp_path / "found.json").read_text())["figures"]
    names = [each["what"].partition(":")[0] for each in found]
    assert list(dict.fromkeys(names)) == ["step", "loader", "whole run"]
    assert not any("not measured" in each["found"] or each["bar"] for each in found)
    for each in found:
        assert each["what"] in done.output


def test_without_time_every_part_but_the_first_is_a_row_that_says_so() -> None:
    done = CliRunner().invoke(
        main, ["--device", "cpu", "--small", "--minutes", "0", "--only", PARTS[1]]
    )
    assert "not measured: no time left" in done.output


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (UsageError("no\nmodel"), "not measured: no model"),
        (RuntimeError("CUDA out of memory"), "failed: CUDA out of memory"),
    ],
)
def test_a_part_that_fails_is_a_row(error: Exception, told: str) -> None:
    def part() -> object:
        yield Figure("x", "1")
        raise error

    assert [each.found for each in measured("part", part)] == ["1", told]  # type: ignore[arg-type]


def test_the_table_says_which_bars_are_met() -> None:
    lines = table(
        [Figure("a", "1"), Figure("b", "2", "3", met=True), Figure("c", "2", "1", met=False)]
    )
    assert [line.split()[-1] for line in lines.splitlines()] == ["bar", "1", "met", "missed"]


def test_captions_are_as_long_as_those_of_coco_and_negatives_are_edits_of_them() -> None:
    made = list(rows(200, images=3))
    words = sum(len(row.caption.split()) for row in made) / len(made)
    assert 9 < words < 13
    for row in made:
        assert [negative.type for negative in row.negatives] == ["swap", "replace", "shuffle"]
        texts = {row.caption, *(negative.text for negative in row.negatives)}
        assert len(texts) == 4
