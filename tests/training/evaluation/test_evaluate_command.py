"""`evaluate` as it is typed, on a small benchmark in the layout of SugarCrepe."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
import torch
from click.testing import CliRunner, Result

from data.errors import UsageError
from tests.training.folders import finished, jpeg, picture_folder
from tests.training.runs import OTHERS, ROWS, model_folder, places, settings, world
from training.cli import evaluate as command
from training.evaluation.benchmarks import BENCHMARKS, BUILT_IN, open_benchmark
from training.evaluation.benchmarks.shards import Trained
from training.evaluation.overlap import overlap_notes
from training.evaluation.results import read_results
from training.evaluation.summary import summary_of
from training.run.train import train

BIN = Path(sys.executable).parent
COUNTS = {
    "add_att": 3, "add_obj": 2, "replace_att": 2, "replace_obj": 2, "replace_rel": 2,
    "swap_att": 2, "swap_obj": 4,
}  # fmt: skip


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a world with a benchmark of 17 items, three of whose images are missing."""
    torch.set_num_threads(1)
    folder = world(tmp_path_factory.mktemp("world"))
    (folder / "crepe").mkdir()
    number = 0
    for name, count in COUNTS.items():
        content = {}
        for key in range(count):
            content[str(key)] = {
                "filename": f"{number:012d}.jpg",
                "caption": f"a picture of {number} dogs",
                "negative_caption": f"a picture of {number} dogs and a cat",
            }
            number += 1
        (folder / f"crepe/{name}.json").write_text(json.dumps(content))
    images = {f"val2017/{n:012d}.jpg": jpeg(n) for n in range(number - 3)}
    picture_folder(folder / "coco", images)
    weights = model_folder(folder / "other") / "open_clip_pytorch_model.bin"
    state_dict = torch.load(weights, weights_only=True)
    state_dict["visual.proj"] *= -1
    torch.save(state_dict, weights)
    return folder


def typed(root: Path, more: str = "", *, model: str = "model") -> list[str]:
    line = f"--benchmark sugarcrepe={root}/crepe:{root}/coco --device cpu --workers 0"
    line += f" --cache {root}/cache"
    line += f" --model local-dir:{root}/{model}" if model else ""
    return shlex.split(f"{line} {more}")


def run(arguments: Sequence[str | Path]) -> Result:
    return CliRunner().invoke(command, [str(argument) for argument in arguments])


def told(arguments: Sequence[str | Path]) -> str:
    result = run(arguments)
    assert result.exception is None, result.output
    return result.stdout


def test_a_model_is_scored_and_the_table_says_of_what(root: Path) -> None:
    out = root / "plain/results.json"
    text = told(typed(root, f"--out {out}"))
    assert text.splitlines()[0] == "model, model"
    assert "sugarcrepe: 14 of 17 items have their images" in text
    assert re.search(
        r"sugarcrepe: no '\S+.jpg' was found, and there is '\S+.jpg', for example", text
    )
    assert "sugarcrepe swap_obj: 4 items, its authors count 245" in text
    results = read_results(out)
    scores = {score.task: score for score in results.scores}
    assert list(scores) == list(COUNTS)
    assert scores["swap_obj"].outcomes.count("?") == 3
    assert (scores["swap_obj"].items, scores["swap_obj"].expected) == (1, 245)
    assert scores["add_att"].items == 3
    assert {score.text_only["longer"] for score in results.scores} == {0.0}
    assert {score.chance for score in results.scores} == {0.5}
    assert results.summary == summary_of(results.scores)
    assert str(root) not in out.read_text()


def test_the_second_time_nothing_is_encoded_and_all_is_equal(root: Path) -> None:
    told(typed(root, f"--out {root}/one.json"))
    kept = sorted((root / "cache").rglob("*"))
    told(typed(root, f"--out {root}/two.json"))
    assert (root / "one.json").read_bytes() == (root / "two.json").read_bytes()
    assert sorted((root / "cache").rglob("*")) == kept


def test_json_is_the_whole_of_it_with_what_it_is_compared_with(root: Path) -> None:
    told(typed(root, f"--out {root}/base.json"))
    line = f"--json --out {root}/after.json --base {root}/base.json --check-golden ViT-B-32/openai"
    found = json.loads(told(typed(root, line, model="other")))
    after = json.loads((root / "after.json").read_text())
    assert {name: found[name] for name in after} == after
    assert [pair["task"] for pair in found["compared"]] == list(COUNTS)
    assert found["golden"][0]["published"] == pytest.approx(0.9092)
    plain = json.loads(told(typed(root, "--json")))
    assert not {"compared", "golden"} & set(plain)


def test_two_models_are_compared_item_by_item(root: Path) -> None:
    told(typed(root, f"--out {root}/base.json"))
    text = told(typed(root, f"--base {root}/base.json --out {root}/after.json", model="other"))
    assert "gained" in text
    found = json.loads(told(["compare", root / "base.json", root / "after.json", "--json"]))
    before, after = read_results(root / "base.json"), read_results(root / "after.json")
    assert before.digest != after.digest
    for pair in found:
        one, other = (r.score("sugarcrepe", pair["task"], "accuracy") for r in (before, after))
        assert one is not None
        assert other is not None
        changes = list(zip(one.outcomes, other.outcomes, strict=True))
        assert pair["gained"] == sum(a != "1" and b == "1" for a, b in changes)
        assert pair["lost"] == sum(a == "1" and b != "1" for a, b in changes)
    table = told(["compare", root / "base.json", root / "after.json"])
    scored, margins = (part.splitlines() for part in table.split("\n\n"))
    assert len(scored) == len(margins) == 1 + len(COUNTS)
    assert margins[0].split()[:3] == ["margins", "mean", "after"]
    assert [pair["margins"][1]["mean"] for pair in found] == [
        after.scores[place].margins.mean for place in range(len(COUNTS))
    ]


def test_published_figures_stand_beside_ours(root: Path) -> None:
    text = told(typed(root, "--check-golden ViT-B-32/openai"))
    (line,) = (line for line in text.splitlines() if " 61.22 " in line)
    assert line.startswith("sugarcrepe swap_obj ")
    assert line.endswith("1 of 245 items")
    text = told(typed(root, "--against published:ViT-B-32"))
    assert text.endswith("no figure of this run is published for ViT-B-32, or images are missing\n")


def test_quiet_is_quiet(root: Path) -> None:
    result = run(typed(root, "--quiet"))
    assert (result.exit_code, result.output) == (0, "")


def test_captions_that_were_trained_on_are_told(root: Path) -> None:
    text = told(typed(root, f"--trained-on {root}/shards"))
    line = "sugarcrepe: 17 of its 34 texts are captions of the shards that were trained on"
    assert line in text


def test_own_negatives_are_a_benchmark(root: Path) -> None:
    options = {"benchmarks": {"shards": None}, "workers": 0}
    path = root / "own.yaml"
    path.write_text(json.dumps({"training": {"images": f"{root}/images", "evaluation": options}}))
    model = f"--model local-dir:{root}/model --device cpu --cache {root}/cache --json"
    line = f"{model} --config {path} --trained-on {root}/shards"
    found = json.loads(told(shlex.split(line)))
    kinds = {f"{each.type}_{each.subtype}" for row in OTHERS for each in row.negatives}
    assert {score["task"] for score in found["scores"]} == kinds
    assert sum(score["items"] for score in found["scores"]) == sum(
        len(row.negatives) for row in OTHERS
    )
    line = f"{model} --benchmark shards={root}/shards:{root}/images"
    assert json.loads(told(shlex.split(line)))["scores"] == found["scores"]


@pytest.mark.parametrize("named", [None, "train2014"])
def test_only_the_split_of_training_was_trained_on(
    root: Path, tmp_path: Path, named: str | None
) -> None:
    finished(tmp_path, {named or "train": ROWS, "val2014": OTHERS})
    seen = Trained(split=named)
    own = open_benchmark("shards", root=tmp_path, images=root / "images", trained=seen)
    items = [item for task in own.tasks for item in task.items]
    assert len(items) == sum(len(row.negatives) for row in OTHERS)
    (note,) = overlap_notes([own], tmp_path, trained=seen)
    assert note.startswith("shards: 12 of its 36 texts are captions of the shards")
    seen = Trained(split="val2014")
    own = open_benchmark("shards", root=tmp_path, images=root / "images", trained=seen)
    assert sum(len(task.items) for task in own.tasks) == sum(len(row.negatives) for row in ROWS)


def test_shards_without_negatives_are_no_benchmark(tmp_path: Path) -> None:
    finished(tmp_path, {"train": [row._replace(negatives=()) for row in OTHERS]})
    with pytest.raises(UsageError, match="no negative of a single image in train"):
        open_benchmark("shards", root=tmp_path)


@pytest.fixture(scope="module")
def trained(root: Path) -> Path:
    train(settings(root, epochs=1, validation="val"), places(root))
    return places(root).out


def test_a_run_is_asked_about_the_shards_and_images_of_its_pipeline(
    root: Path, trained: Path
) -> None:
    options = {"benchmarks": {"shards": None}, "workers": 0}
    section = {"images": f"{root}/images", "split": "val", "evaluation": options}
    path = root / "run.yaml"
    path.write_text(json.dumps({"training": section}))
    line = f"--checkpoint {trained} --config {path} --trained-on {root}/shards --device cpu"
    found = json.loads(told(shlex.split(f"{line} --cache {root}/cache --json")))
    num_items = sum(score["items"] for score in found["scores"])
    assert num_items == sum(len(row.negatives) for row in OTHERS), "the run's own split counts"


def test_a_run_is_swept_between_its_first_and_last_weights(root: Path, trained: Path) -> None:
    sweep = root / "sweep"
    line = f"--checkpoint {trained} --wise-ft 0,.5,1 --out {sweep} --quiet"
    told(typed(root, line, model=""))
    found = [read_results(sweep / f"alpha-{alpha}.json") for alpha in ("0.00", "0.50", "1.00")]
    assert [results.alpha for results in found] == [0, 0.5, 1]
    assert [results.name for results in found] == ["run a=0", "run a=0.5", "run a=1"]
    assert len({results.digest for results in found}) == 3
    told(typed(root, f"--out {root}/first.json"))
    first = read_results(root / "first.json")
    assert (found[0].digest, found[0].scores) == (first.digest, first.scores)
    told(typed(root, f"--checkpoint {trained} --out {root}/last.json", model=""))
    last = read_results(root / "last.json")
    assert (last.alpha, last.digest, last.scores) == (None, found[2].digest, found[2].scores)
    told(typed(root, f"--checkpoint {trained} --which best --quiet", model=""))

    image = root / "curve.svg"
    figures = ["-x", "sugarcrepe composition micro", "-y", "sugarcrepe composition macro"]
    told(["plot", *sorted(sweep.glob("*.json")), root / "base.json", "--out", image, *figures])
    svg = ET.parse(image).getroot()  # noqa: S314 - our own
    titles = [str(title.text) for title in svg.iter("{http://www.w3.org/2000/svg}title")]
    names = {title.rpartition(":")[0] for title in titles}
    assert {"run a=0", "run a=0.5", "run a=1"} < names


def test_the_parts_of_a_pipeline_are_read(root: Path) -> None:
    crepe = {"root": f"{root}/crepe", "images": f"{root}/coco"}
    options = {"benchmarks": {"sugarcrepe": crepe}, "workers": 0}
    path = root / "pipeline.yaml"
    path.write_text(json.dumps({"training": {"evaluation": options}}))
    line = f"--config {path} --model local-dir:{root}/model --device cpu --cache {root}/cache"
    found = json.loads(told(shlex.split(f"{line} --json")))
    assert [score["task"] for score in found["scores"]] == list(COUNTS)


def test_benchmarks_are_listed_with_what_they_expect() -> None:
    lines = told(["benchmarks"]).splitlines()
    assert [line.split()[0] for line in lines] == [*BENCHMARKS, *BUILT_IN]
    for name, adapter in BENCHMARKS.items():
        (line,) = (line for line in lines if line.split()[0] == name)
        assert adapter.expects in line
        assert line.endswith(f"(checked against: {adapter.checked})")
    found: dict[str, Any] = json.loads(told(["benchmarks", "--json"]))
    assert list(found) == [*BENCHMARKS, *BUILT_IN]
    assert found["winoground"]["expects"] == "examples.jsonl"
    for name, expects in (("scenes", "no folder"), ("shards", "finished shards")):
        assert found[name]["expects"].startswith(expects)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ("--benchmark sugarcrepe=crepe", "--benchmark sugarcrepe: given twice"),
        ("--benchmark sugarcrap=x", "unknown benchmark 'sugarcrap'; did you mean 'sugarcrepe'"),
        ("--benchmark winoground", "expected winoground=DIR with examples.jsonl"),
        ("--benchmark winoground={root}/crepe", "expected a file of the benchmark"),
        ("--benchmark winoground={root}/none", "expected a f"),
        ("--benchmark shards", "expected shards=OUT with finished shards"),
        ("--benchmark scenes=x", "benchmark scenes: expected no folder"),
        ("--wise-ft 0,1", "--wise-ft: expected --checkpoint with the folder of a run"),
        ("--wise-ft 0,x", "--wise-ft: expected numbers such as 0,.5,1"),
        ("--wise-ft 0,.501,.502", "expected numbers that differ by .01"),
        ("--which best", "--which best: expected --checkpoint with the folder of a run"),
        ("--checkpoint {root}/run", "includes its model: drop --model and --pretrained"),
        ("--checkpoint {root}/shards", "drop --model and --pretrained"),
        ("--checkpoint x.pt --pretrained openai", "drop --pretrained"),
        ("--model ViT-B-32 --pretrained ''", "--pretrained: expected a tag of open_clip"),
        ("--check-golden ViT", "--check-golden: unknown 'ViT'"),
        ("--against publishd", "--against: expected published or published:BACKBONE"),
        ("--base {root}/none.json", "none.json: cannot be read"),
        ("--out {root}", "expected the name of a file"),
        ("--device cude", "cude cannot be used here"),
        ("--language-model {root}/none.gguf", "cannot be opened"),
        ("--trained-on {root}/crepe", "crepe"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(
    root: Path, trained: Path, more: str, message: str
) -> None:
    assert trained.is_dir()
    result = run(typed(root, more.format(root=root)))
    assert isinstance(result.exception, UsageError), result.exception
    assert message in str(result.exception)
    assert "\n" not in str(result.exception)


def test_without_a_benchmark_or_a_model(root: Path) -> None:
    for arguments, message in (
        (["--model", "ViT-B-32"], "expected --benchmark; see evaluate benchmarks"),
        (typed(root, model=""), "expected --checkpoint with a run's folder, or --model"),
        (["compare", root / "a.json", root / "b.json"], "cannot be read"),
        (["plot", root / "a.json", "--out", root / "a.svg"], "cannot be read"),
    ):
        error = run(arguments).exception
        assert isinstance(error, UsageError)
        assert message in str(error)


def test_annotations_are_on_this_machine(root: Path) -> None:
    config = root / "annotations.yaml"
    folders = "{sugarcrepe: {root: s3://bucket/crepe}}"
    config.write_text(f"training: {{evaluation: {{benchmarks: {folders}}}}}")
    error = run(["--model", "ViT-B-32", "--config", config]).exception
    assert isinstance(error, UsageError)
    assert "benchmarks.sugarcrepe.root: expected a path on this machine, found a URL" in str(error)


def test_errors_end_with_2_and_one_line_on_the_error_stream(root: Path) -> None:
    line = [BIN / "evaluate", "--model", "x", "--benchmark", "sugarcrap"]
    done = subprocess.run(line, cwd=root, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    (told_line,) = done.stderr.strip().splitlines()
    assert "did you mean 'sugarcrepe'" in told_line


def test_help_answers_at_once() -> None:
    for name in ("--help", "benchmarks", "compare", "plot"):
        arguments = [name] if name == "--help" else [name, "--help"]
        done = subprocess.run(
            [BIN / "evaluate", *arguments], capture_output=True, text=True, check=True, timeout=5
        )
        assert "Usage: evaluate" in done.stdout


ALONE = ["unshare", "--map-root-user", "--net"]


@pytest.mark.slow
def test_two_processes_score_as_one(root: Path) -> None:
    """In a network of its own: torchrun's store listens on every interface there is."""
    if not (shutil.which("unshare") and shutil.which("ip")):
        pytest.skip("cannot make a network of its own")
    if subprocess.run([*ALONE, "ip", "link", "set", "lo", "up"], check=False).returncode:
        pytest.skip("cannot make a network of its own")
    told(typed(root, f"--out {root}/one.json"))
    line = (
        "ip link set lo up && exec torchrun --standalone --nproc-per-node 2 --no-python evaluate "
    )
    line += shlex.join(typed(root, f"--out {root}/both.json --cache {root}/both --json"))
    environment = {"PATH": f"{BIN}:{os.environ['PATH']}", "GLOO_SOCKET_IFNAME": "lo",
                   "OMP_NUM_THREADS": "1"}  # fmt: skip
    done = subprocess.run(
        [*ALONE, "sh", "-c", line], env={**os.environ, **environment}, capture_output=True,
        text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["model"] == "model"  # told once
    one, both = read_results(root / "one.json"), read_results(root / "both.json")
    for found, alone in zip(both.scores, one.scores, strict=True):
        assert replace(found, margins=None) == replace(alone, margins=None)
        assert found.margins is not None
        assert alone.margins is not None  # features differ in their last bits: other batches
        assert found.margins.quantiles == pytest.approx(alone.margins.quantiles, abs=1e-6)
    assert both.notes == one.notes
