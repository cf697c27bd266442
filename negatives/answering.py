"""Between the passes: the rules that ask a language model get their answers, a block at a time.

A model of our own is asked by workers, each of which keeps it loaded. A server is asked by the
driver, so that its limits hold for the whole build: requests under way, their number, their cost.
"""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import reduce
from itertools import repeat
from typing import Any, NamedTuple

from data.commit import Json, Unit
from data.errors import RetryableError, ShardError, UsageError
from negatives.choose import Policy
from negatives.config import BuildConfig
from negatives.count_files import Collect
from negatives.finishing import num_in
from negatives.fluency.neural import settled_device
from negatives.llm.blocks import (
    AnswersFile,
    Asked,
    AskTask,
    all_counts,
    ask_block,
    asking_rules,
    committed,
)
from negatives.llm.config import LlmConfig, backend_of
from negatives.llm.counts import Counts, line_of, told_counts, unfinished
from negatives.llm.requests import Backend
from negatives.plan import Plan
from negatives.producers import chooser_of

_FEW = 0.1  # of all questions: if fewer lack an answer, they are asked once more


class WorkerTask(NamedTuple):
    """A block to be asked about by a worker, which makes the rules and opens the model itself."""

    ask: AskTask
    rules: tuple[Mapping[str, Any], ...]
    policy: Policy
    seed: int
    llm: LlmConfig


def ask_with_own_model(task: WorkerTask) -> Unit:
    """Ask about a block, or return it if that was done before.

    Raises:
        UsageError: the model cannot be had.
        ShardError: questions have no answer.
    """
    chooser = chooser_of(task.rules, task.policy, task.seed)
    asked = ask_block(task.ask, asking_rules(chooser), backend_of(task.llm, chooser.lexicon))
    if asked.unit is None:
        raise ShardError(f"{task.ask.name}: {unfinished(asked.counts, asked.whys)}")
    return asked.unit


def is_for_workers(llm: LlmConfig) -> bool:
    """Tell whether workers may ask: a number that the build may not exceed is the driver's."""
    limits = llm.limits
    return llm.backend == "local" and limits.max_requests is None and not limits.max_unanswered


def gpus_for_asking(llm: LlmConfig) -> float:
    """Return how many GPUs a worker takes that asks: its model fills one."""
    return float(settled_device(llm.device).startswith("cuda"))


def answered(
    plan: Plan, parsed: Sequence[Unit], collect: Collect
) -> tuple[dict[str, AnswersFile], Json]:
    """Ask about all blocks; return the outcomes by block, and what it took.

    `collect` runs a function on workers.

    Raises:
        UsageError: the model cannot be had, or a limit is reached; answers that came are kept.
        RetryableError: questions have no answer.
        ShardError: the same, of a model of our own.
    """
    backend = plan.backend
    if backend is None:
        return {}, {}
    started = time.time()
    parses, folder = plan.work / "parses", plan.work / "asked"
    cache = plan.config.llm.cache or plan.out / "answers"
    asks = [
        AskTask(parses / unit.files["parses"].file, folder, unit.name, cache) for unit in parsed
    ]
    if is_for_workers(plan.config.llm):
        units = collect(ask_with_own_model, _tasks(plan.config, asks))
    else:
        units = _asked(plan, asks, backend)
    counts = all_counts(list(units.values()))
    found = {
        name: AnswersFile(folder / unit.files["asked"].file, backend.facts)
        for name, unit in units.items()
    }
    return found, {**told_counts(counts, backend), "seconds": round(time.time() - started, 1)}


def _asked(plan: Plan, asks: Sequence[AskTask], backend: Backend) -> dict[str, Unit]:
    """Ask here about one block after another, and once more about those that lack a few answers.

    Raises:
        RetryableError: more questions lack one than may; their blocks are not finished.
    """
    limits = plan.config.llm.limits
    tasks = {ask.name: ask for ask in asks}
    found = dict(zip(tasks, _round(plan, asks, backend), strict=True))
    num_requests = sum(asked.counts.requests for asked in found.values())
    stopped = ""
    if limits.max_unanswered < _lacking(found) < _FEW * num_requests:
        again = [ask for ask in asks if found[ask.name].unit is None]
        earlier = [found[ask.name].counts for ask in again]
        try:
            for ask, asked in zip(again, _round(plan, again, backend, earlier), strict=True):
                found[ask.name] = asked
        except (UsageError, RetryableError) as error:
            stopped = f"\nasked once more, until {error}"
    if _lacking(found) > limits.max_unanswered:
        for asked in found.values():
            if asked.draft is not None and asked.unit is None:
                asked.draft.unlink(missing_ok=True)
        counts = reduce(Counts.plus, (asked.counts for asked in found.values()))
        whys = [why for asked in found.values() for why in asked.whys]
        account = line_of(told_counts(counts, backend))
        raise RetryableError(
            f"{backend.facts.name}: {unfinished(counts, whys)}\n{account}{stopped}"
        )
    return {
        name: asked.unit or _reported(plan, committed(tasks[name], asked))
        for name, asked in found.items()
    }


def _lacking(found: Mapping[str, Asked]) -> int:
    return sum(asked.counts.lacking() for asked in found.values())


def _round(
    plan: Plan,
    asks: Sequence[AskTask],
    backend: Backend,
    earlier: Iterable[Counts] = repeat(Counts()),
) -> Iterator[Asked]:
    config = plan.config
    rules = asking_rules(chooser_of(config.rules, config.policy, config.negatives.seed))
    may_lack = config.llm.limits.max_unanswered
    for ask, counts in zip(asks, earlier, strict=False):
        asked = ask_block(ask, rules, backend, may_lack=may_lack, earlier=counts)
        if asked.unit is not None:
            _reported(plan, asked.unit)
        yield asked


def _reported(plan: Plan, unit: Unit) -> Unit:
    plan.report("ask", num_in(unit, "rows"))
    return unit


def _tasks(config: BuildConfig, asks: Iterable[AskTask]) -> Iterator[WorkerTask]:
    """Yield what workers are to do, on the device that the driver finds for them."""
    llm = replace(config.llm, device=settled_device(config.llm.device))
    for ask in asks:
        yield WorkerTask(ask, config.rules, config.policy, config.negatives.seed, llm)
