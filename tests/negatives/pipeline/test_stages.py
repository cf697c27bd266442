import json
import re
from collections.abc import Sequence
from pathlib import Path
from threading import Barrier, Event
from typing import Any

import pytest

from data.errors import UsageError
from negatives.pipeline.plan import stages_of
from negatives.pipeline.run import CONFIG, run_pipeline
from negatives.pipeline.stages import DONE, Stage, StoppedError, done, run_stage, run_stages

SECTIONS: dict[str, Any] = {
    "data": {"source": {"name": "scenes", "num_images": 5}},
    "training": {"epochs": 1, "run": {"workers": 0}, "evaluation": {"benchmarks": {"scenes": {}}}},
}


class Calls:
    """Stands for the programs: notes what is called, and leaves what a stage makes."""

    def __init__(self, stage_makes: str, codes: Sequence[int] = ()) -> None:
        self.made, self.codes = stage_makes, list(codes)
        self.commands: list[tuple[str, ...]] = []

    def __call__(self, _stage: str, command: Sequence[str]) -> int:
        self.commands.append(tuple(command))
        code = self.codes.pop(0) if self.codes else 0
        if not code:
            folder = Path(command[-1])
            folder.mkdir(parents=True, exist_ok=True)
            (folder / self.made).write_text("made")
        return code


def stage(**depends_on: Any) -> Stage:  # noqa: ANN401
    return Stage(name="build", depends_on=depends_on, command=("negatives", "{}"), makes="rows")


def test_a_stage_is_done_once(tmp_path: Path) -> None:
    calls = Calls("rows")
    first = run_stage(stage(seed=0), tmp_path, call=calls)
    again = run_stage(stage(seed=0), tmp_path, call=calls)
    assert first.ran
    assert not again.ran
    assert (first.folder, first.finished) == (again.folder, again.finished)
    assert len(calls.commands) == 1


def test_what_changed_has_a_folder_of_its_own_and_what_comes_back_is_kept(tmp_path: Path) -> None:
    calls = Calls("rows")
    accounts = [run_stage(stage(seed=seed), tmp_path, call=calls) for seed in (0, 1, 0)]
    assert [account.ran for account in accounts] == [True, True, False]
    assert accounts[0].folder == accounts[2].folder != accounts[1].folder


def test_a_stage_that_fails_is_no_finished_one_and_goes_on_in_its_folder(tmp_path: Path) -> None:
    calls = Calls("rows", codes=[75])
    with pytest.raises(StoppedError, match="stage build failed with exit code 75") as stopped:
        run_stage(stage(), tmp_path, call=calls)
    assert stopped.value.code == 75
    assert done(stage(), tmp_path) is None
    assert run_stage(stage(), tmp_path, call=calls).ran
    assert calls.commands[0] == calls.commands[1]


def named(name: str, *needs: str) -> Stage:
    return Stage(name=name, depends_on={"name": name}, command=("{}",), makes="rows", needs=needs)


CHAINS = (
    named("build"),
    named("audit", "build"),
    named("train", "build"),
    named("evaluate", "train"),
    named("baseline", "build"),
    named("evaluate-baseline", "baseline"),
)


class Overlapping:
    """Stands for the programs: `train` and `baseline` wait until both run; stages have codes."""

    def __init__(self, **codes: int) -> None:
        self.codes, self.started, self.both = codes, list[str](), Barrier(2, timeout=20)
        self.failed = Event()

    def __call__(self, name: str, command: Sequence[str]) -> int:
        self.started.append(name)
        if name in ("train", "baseline"):
            self.both.wait()
        if name == "baseline" and self.codes:
            assert self.failed.wait(20)
        (Path(command[0]) / "rows").touch()
        return self.codes.get(name, 0)

    def say(self, line: str) -> None:
        if "failed" in line:
            self.failed.set()


def test_stages_that_do_not_need_each_other_run_at_once(tmp_path: Path) -> None:
    calls = Overlapping()
    accounts = run_stages(CHAINS, tmp_path, call=calls, jobs=2)
    assert [account.name for account in accounts] == [stage.name for stage in CHAINS]
    assert calls.started[0] == "build"
    assert calls.started.index("evaluate") > calls.started.index("train")


@pytest.mark.parametrize(
    ("codes", "first", "finished"),
    [
        ({"train": 1}, "train failed with exit code 1;", {"build", "audit", "baseline"}),
        ({"train": -15, "baseline": 75}, "baseline failed with exit code 75", {"build", "audit"}),
        ({"train": 1, "baseline": 2}, "train failed with exit code 1;", {"build", "audit"}),
    ],
)
def test_no_stage_starts_after_a_failure_but_those_that_run_are_waited_for(
    tmp_path: Path, codes: dict[str, int], first: str, finished: set[str]
) -> None:
    calls = Overlapping(**codes)
    with pytest.raises(StoppedError, match=first):
        run_stages(CHAINS, tmp_path, call=calls, jobs=2, say=calls.say)
    assert {stage.name for stage in CHAINS if done(stage, tmp_path)} == finished
    assert "evaluate-baseline" not in calls.started


def test_one_job_runs_stages_in_order(tmp_path: Path) -> None:
    calls = Calls("rows")
    said: list[str] = []
    stages = tuple(each for each in CHAINS if "baseline" not in each.name)
    run_stages(stages, tmp_path, call=calls, say=said.append)
    assert [line.partition(":")[0] for line in said[::2]] == [each.name for each in stages]
    assert [line.partition(":")[0] for line in said[1::2]] == [each.name for each in stages]


def test_a_damaged_mark_is_one_line(tmp_path: Path) -> None:
    folder = stage().folder(tmp_path)
    folder.mkdir()
    (folder / DONE).write_text("{")
    with pytest.raises(UsageError, match=r"done\.json: damaged; delete it"):
        run_stage(stage(), tmp_path, call=Calls("rows"))


def with_change(sections: dict[str, Any], where: str, value: object) -> dict[str, Any]:
    copy: dict[str, Any] = json.loads(json.dumps(sections))
    *path, last = where.split(".")
    at = copy
    for key in path:
        at = at.setdefault(key, {})
    at[last] = value
    return copy


@pytest.mark.parametrize(
    ("where", "value", "redone"),
    [
        ("data.limit", 10, {"build", "audit", "train", "evaluate"}),
        ("negatives.seed", 1, {"build", "audit", "train", "evaluate"}),
        ("training.epochs", 2, {"train", "evaluate"}),
        ("training.run.workers", 2, set()),
        ("training.evaluation.batch_size", 8, {"evaluate"}),
        ("training.evaluation.wise_ft", [0.5], {"evaluate"}),
    ],
)
def test_what_a_change_makes_to_be_done_again(
    tmp_path: Path, where: str, value: object, redone: set[str]
) -> None:
    before = {s.name: s.folder(tmp_path) for s in stages_of(SECTIONS, tmp_path)}
    after = {
        s.name: s.folder(tmp_path) for s in stages_of(with_change(SECTIONS, where, value), tmp_path)
    }
    assert {name for name in before if before[name] != after[name]} == redone


def test_composites_are_made_of_the_build_and_put_beside_it(tmp_path: Path) -> None:
    sections = with_change(SECTIONS, "negatives.composites", {"per_caption": 0.5})
    stages = {stage.name: stage for stage in stages_of(sections, tmp_path)}
    assert [*stages] == ["build", "compose", "merge", "audit", "train", "evaluate"]
    before = {stage.name: stage.folder(tmp_path) for stage in stages_of(SECTIONS, tmp_path)}
    assert stages["build"].folder(tmp_path) == before["build"]
    assert stages["train"].folder(tmp_path) != before["train"]
    assert "--set=per_caption=0.5" in stages["compose"].command
    merged = str(stages["merge"].folder(tmp_path) / "shards")
    assert merged in stages["train"].command
    assert merged in stages["audit"].command


def test_composites_have_the_parser_and_the_corpus_model_of_their_build(tmp_path: Path) -> None:
    def options(negatives: dict[str, Any]) -> list[str]:
        sections = {**SECTIONS, "negatives": {"composites": {}, **negatives}}
        (stage,) = (s for s in stages_of(sections, tmp_path) if s.name == "compose")
        return [word for word in stage.command if re.match("--(model|fluency-from)", word)]

    assert options({}) == []
    given = {"model": "my/parser", "fluency_from": "other/out"}
    assert options(given) == ["--model=my/parser", "--fluency-from=other/out"]


def test_without_a_benchmark_nothing_is_evaluated(tmp_path: Path) -> None:
    sections = with_change(SECTIONS, "training.evaluation.benchmarks", {})
    assert [s.name for s in stages_of(sections, tmp_path)] == ["build", "audit", "train"]


def test_every_run_is_measured_before_and_after(tmp_path: Path) -> None:
    *_, evaluate = stages_of(with_change(SECTIONS, "training.evaluation.wise_ft", [0.5]), tmp_path)
    assert evaluate.command[evaluate.command.index("--wise-ft") + 1] == "0,0.5,1"


@pytest.mark.parametrize(
    ("where", "value", "message"),
    [
        ("negatives.sede", 1, "unknown option 'sede'"),
        ("negatives.composites", {"per_caption": 0}, "per_caption: expected a number above 0"),
        ("negatives", {"preset": "fsc-clip", "composites": {}}, "expected the scorer corpus"),
        ("training.evaluation.wise_ft", "half", "expected a list of numbers"),
        (
            "training.evaluation.benchmarks.sugarcrepe.root",
            "s3://bucket/crepe",
            r"benchmarks\.sugarcrepe\.root: expected a path on this machine, found a URL",
        ),
        ("trainig.epochs", 1, "unknown section 'trainig'; did you mean 'training'"),
    ],
)
def test_what_is_wrong_is_told_before_anything_runs(
    tmp_path: Path, where: str, value: object, message: str
) -> None:
    calls = Calls("rows")
    with pytest.raises(UsageError, match=message):
        run_pipeline(with_change(SECTIONS, where, value), tmp_path, title="t", call=calls)
    assert not calls.commands
    assert not (tmp_path / CONFIG).exists()
