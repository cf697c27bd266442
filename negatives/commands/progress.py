"""A progress bar for builds: captions per second and time left. The only import of rich's bars."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from data.records import Caption

if TYPE_CHECKING:
    from negatives.building.plan import Report
    from negatives.config import BuildConfig

_COUNTING_S = 2.0  # sources that take longer to read are not counted first


class Rate(ProgressColumn):
    """Captions per second, averaged over the stage."""

    def render(self, task: Task) -> Text:
        """Return the rate as text."""
        seconds = task.finished_time or task.elapsed or 0
        return Text(f"{task.completed / seconds:,.0f} captions/s" if seconds else "")


@contextmanager
def progress(config: "BuildConfig", *, shown: bool) -> Iterator["Report"]:
    """Yield a callback that shows the progress of `build`.

    The bars go to the error stream if it is a terminal, and disappear when done.
    """
    console = Console(stderr=True)
    if not shown or not console.is_terminal:
        yield lambda _stage, _num_captions: None
        return
    columns = (
        TextColumn("{task.description:<6}"),
        BarColumn(),
        MofNCompleteColumn(),
        Rate(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True) as bars:
        total = _count(config)
        tasks = {
            "parse": bars.add_task("parse", total=total),
            "choose": bars.add_task("choose", total=total, start=False),
        }

        def report(stage: str, num_captions: int) -> None:
            if stage == "ask" and stage not in tasks:
                tasks[stage] = bars.add_task("ask", total=bars.tasks[tasks["parse"]].completed)
            if stage not in tasks:
                return  # count, merge and fit are short
            task = tasks[stage]
            if stage == "choose" and bars.tasks[task].start_time is None:
                done = bars.tasks[tasks["parse"]].completed
                bars.update(tasks["parse"], total=done)
                bars.update(task, total=done)
                bars.start_task(task)
            bars.advance(task, num_captions)

        yield report


@contextmanager
def counting(what: str, *, total: int | None, shown: bool) -> Iterator[Callable[[int], None]]:
    """Yield a callback for captions just done; a bar on the error stream shows them."""
    if not shown:
        yield lambda _num_captions: None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), Rate())
    with Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True)) as bars:
        task = bars.add_task(what, total=total)
        yield lambda num_captions: bars.advance(task, num_captions)


def _count(config: "BuildConfig") -> int | None:
    """Return the number of captions if the source can be read quickly, else None."""
    from negatives.building.plan import make_source

    source, _ = make_source(config.data.source)
    until = time.monotonic() + _COUNTING_S
    num_captions = 0
    for split in source.splits():
        for item in source.read(split):
            num_captions += isinstance(item, Caption)
            if num_captions == config.data.limit:
                return num_captions
            if time.monotonic() > until:
                return config.data.limit
    return num_captions
