"""Between the passes: the rules that ask a language model get their answers, a block at a time.

A model of our own is asked by workers, each of which keeps it loaded. A server is asked by the
driver, so that its limits hold for the whole build: requests under way, their number, their cost.
"""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from data.commit import Json, Unit
from negatives.choose import Policy
from negatives.config import BuildConfig
from negatives.count_files import Collect
from negatives.finishing import num_in
from negatives.fluency.neural import settled_device
from negatives.llm.blocks import AnswersFile, AskTask, all_counts, ask_block, asking_rules
from negatives.llm.config import LlmConfig, backend_of
from negatives.llm.requests import Backend
from negatives.llm.wire import cost_of
from negatives.plan import Plan
from negatives.producers import chooser_of


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
    """
    chooser = chooser_of(task.rules, task.policy, task.seed)
    return ask_block(task.ask, asking_rules(chooser), backend_of(task.llm, chooser.lexicon))


def is_for_workers(llm: LlmConfig) -> bool:
    """Tell whether workers may ask: a number that the build may not exceed is the driver's."""
    return llm.backend == "local" and llm.limits.max_requests is None


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
        RetryableError: most requests got no answer.
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
        units = {unit.name: unit for unit in _asked(plan, asks, backend)}
    counts = all_counts(list(units.values()))
    cost = cost_of(backend.facts, counts.prompt_tokens, counts.completion_tokens)
    found = {
        name: AnswersFile(folder / unit.files["asked"].file, backend.facts)
        for name, unit in units.items()
    }
    return found, {**counts._asdict(), "cost": cost, "seconds": round(time.time() - started, 1)}


def _asked(plan: Plan, asks: Sequence[AskTask], backend: Backend) -> Iterator[Unit]:
    """Ask here about one block after another."""
    config = plan.config
    rules = asking_rules(chooser_of(config.rules, config.policy, config.negatives.seed))
    for ask in asks:
        unit = ask_block(ask, rules, backend)
        plan.report("ask", num_in(unit, "rows"))
        yield unit


def _tasks(config: BuildConfig, asks: Iterable[AskTask]) -> Iterator[WorkerTask]:
    """Yield what workers are to do, on the device that the driver finds for them."""
    llm = replace(config.llm, device=settled_device(config.llm.device))
    for ask in asks:
        yield WorkerTask(ask, config.rules, config.policy, config.negatives.seed, llm)
