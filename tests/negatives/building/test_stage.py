"""A stage: tasks done once, committed whole, with typed facts, whoever does them."""

import gc
import json
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import NamedTuple

import pytest

from data.errors import ShardError, UsageError
from negatives.building.stage import (
    Done,
    NewFile,
    Site,
    Stage,
    Task,
    run_stage,
    without_collector,
)
from negatives.executors import Run, opening
from negatives.executors.local import workers_on_this_machine


class Counted(NamedTuple):
    captions: int
    by_word: dict[str, int]
    process: int


def nothing() -> None:
    pass


def count(log: Path, text: str, new_file: NewFile) -> Counted:
    """Write the words of a text into one file and their number into another; log that it was done.

    Raises:
        ShardError: a word is "bad".
    """
    words = text.split()
    with log.open("a") as file:
        file.write(f"{text}\n")
    new_file("words").write_text(text)
    if "bad" in words:
        raise ShardError(f"{text}: a bad word")
    new_file("number").write_text(str(len(words)))
    return Counted(len(words), {word: words.count(word) for word in words}, os.getpid())


@dataclass
class Workshop:
    """A folder in which stages run, and what they report."""

    folder: Path
    num_workers: int = 1
    reports: list[tuple[str, int]] = field(default_factory=list)
    opened: list[tuple[object, float]] = field(default_factory=list)

    @property
    def log(self) -> Path:
        return self.folder / "log"

    def done(self) -> list[str]:
        return self.log.read_text().splitlines() if self.log.exists() else []

    def run(
        self, *tasks: Task[str], in_driver: bool = False, name: str = "count"
    ) -> dict[str, Done[Counted]]:
        stage = Stage(
            name=name,
            tasks=iter(tasks),
            work=partial(count, self.log),
            stats=Counted,
            prepare=nothing,
            gpus=0.25,
            in_driver=in_driver,
        )
        with opening(workers_on_this_machine, self.num_workers) as open_workers:

            def opened(prepare: Callable[[], object], *, gpus: float = 0.0) -> Run:
                self.opened.append((prepare, gpus))
                return open_workers(prepare, gpus=gpus)

            site = Site(self.folder / "work", opened, lambda *told: self.reports.append(told))
            return run_stage(stage, site)


@pytest.fixture
def place(tmp_path: Path) -> Workshop:
    return Workshop(tmp_path)


def test_files_and_typed_facts_come_back_and_are_reported(place: Workshop) -> None:
    found = place.run(Task("a", "red red car"), Task("b", "bus"))
    assert list(found) == ["a", "b"]
    done = found["a"]
    assert isinstance(done.stats, Counted)
    assert (done.stats.captions, done.stats.by_word) == (3, {"red": 2, "car": 1})
    assert set(done.files) == {"words", "number"}
    assert done.path("number").read_text() == "3"
    assert done.path("words").parent == place.folder / "work/count"
    assert place.reports == [("count", 3), ("count", 1)]
    assert place.opened == [(nothing, 0.25)]
    assert not list(place.folder.rglob("*.tmp"))


def test_what_is_finished_is_not_done_again_and_gives_the_same(place: Workshop) -> None:
    first = place.run(Task("a", "red car"), Task("b", "bus"))
    again = place.run(Task("a", "red car"), Task("c", "tram"), Task("b", "bus"))
    assert place.done() == ["red car", "bus", "tram"]
    assert {name: again[name] for name in first} == first
    assert list(again) == ["a", "c", "b"]
    place.run(Task("a", "red car"), name="merge")  # another stage has tasks of its own
    assert place.done()[-1] == "red car"


def test_a_damaged_file_is_made_again(place: Workshop) -> None:
    path = place.run(Task("a", "red car"))["a"].path("words")
    path.write_text("blue")
    assert place.run(Task("a", "red car"))["a"].path("words").read_text() == "red car"
    assert place.done() == ["red car"] * 2


@pytest.mark.parametrize(("digest", "is_refused"), [("1", False), ("2", True), ("", True)])
def test_a_task_that_was_done_from_something_else_is_refused(
    place: Workshop, digest: str, *, is_refused: bool
) -> None:
    place.run(Task("a", "red car", "1"))
    if is_refused:
        with pytest.raises(UsageError, match=r"a: the source has changed since .*--resume never"):
            place.run(Task("a", "red car", digest))
    else:
        assert place.run(Task("a", "red car", digest))["a"].stats.captions == 2
    assert place.done() == ["red car"]


@pytest.mark.parametrize("num_workers", [1, 2])
def test_failures_are_collected_and_the_others_kept(place: Workshop, num_workers: int) -> None:
    place.num_workers = num_workers
    tasks = [
        Task(str(number), f"{'bad' if number % 3 == 1 else 'car'} {number}") for number in range(6)
    ]
    with pytest.raises(ShardError, match=r"2 blocks failed, 4 finished:") as caught:
        place.run(*tasks)
    assert {"bad 1: a bad word", "bad 4: a bad word"} <= {
        line.strip() for line in str(caught.value).splitlines()
    }
    assert len(place.reports) == 4
    markers = sorted(path.stem for path in (place.folder / "work/count").glob("*.json"))
    assert markers == ["0", "2", "3", "5"]
    assert len(list((place.folder / "work/count").glob("*.done"))) == 8
    with pytest.raises(ShardError, match="2 blocks failed"):
        place.run(*tasks)
    assert sorted(place.done()) == sorted([*(task.content for task in tasks), "bad 1", "bad 4"])


def test_ten_failures_are_named(place: Workshop) -> None:
    with pytest.raises(ShardError, match="12 blocks failed, 0 finished") as caught:
        place.run(*(Task(str(number), f"bad {number}") for number in range(12)))
    assert len(str(caught.value).splitlines()) == 11


def test_tasks_come_back_in_their_order_whoever_is_first(place: Workshop) -> None:
    place.num_workers = 2
    names = [str(number) for number in range(9, 0, -1)]
    found = place.run(*(Task(name, "car " * int(name)) for name in names))
    assert list(found) == names
    assert {done.stats.process for done in found.values()} & {os.getpid()} == set()


def test_a_stage_of_the_driver_opens_no_workers(place: Workshop) -> None:
    place.num_workers = 2
    found = place.run(Task("a", "red car"), Task("b", "bus"), in_driver=True)
    assert {done.stats.process for done in found.values()} == {os.getpid()}
    assert place.opened == []


def test_a_stage_without_tasks_is_done(place: Workshop) -> None:
    assert place.run() == {}
    assert place.reports == []


def test_a_marker_that_another_attempt_wrote_wins(place: Workshop) -> None:
    """Two at the same task: both get the files and facts of the one that committed first."""
    first = place.run(Task("a", "red car"))["a"]
    marker = place.folder / "work/count/a.json"
    content = marker.read_text()
    marker.unlink()

    def slow(text: str, new_file: NewFile) -> Counted:
        found = count(place.log, text, new_file)
        marker.write_text(content)
        return found._replace(captions=99)

    stage = Stage(
        name="count", tasks=[Task("a", "red car")], work=slow, stats=Counted, in_driver=True
    )
    site = Site(place.folder / "work", workers_on_this_machine, lambda *_: None)  # type: ignore[arg-type]
    assert run_stage(stage, site)["a"] == first
    assert json.loads(content)["facts"]["captions"] == 2


@without_collector()
def collects(*, fails: bool) -> bool:
    """Tell whether the collector runs.

    Raises:
        ShardError: it `fails`.
    """
    if fails:
        raise ShardError("a bad word")
    return gc.isenabled()


def test_the_collector_pauses_during_a_task_and_no_longer() -> None:
    assert gc.isenabled()
    assert not collects(fails=False)
    assert gc.isenabled()
    with pytest.raises(ShardError, match="a bad word"):
        collects(fails=True)
    assert gc.isenabled()
    with without_collector():
        assert not collects(fails=False)
        assert not gc.isenabled()  # an inner pause does not end the outer one
    assert gc.isenabled()
