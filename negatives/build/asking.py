"""Ask: the rules that ask a language model get their answers, a block at a time.

A model of our own is asked by workers, each of which keeps it loaded. A server is asked by the
driver, so that its limits hold for the whole build: requests under way, their number, their cost.
"""

import time
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from data.commit import Json
from negatives.build.parse_files import read_parses
from negatives.build.parsing import Parsed
from negatives.build.plan import Plan
from negatives.build.stage import Done, NewFile, Site, Stage, Task, run_stage
from negatives.fluency.neural import settled_device
from negatives.generator import chooser_of
from negatives.llm.blocks import AnswersFile, Counts, ask_block, asking_rules
from negatives.llm.config import LlmConfig, backend_of
from negatives.llm.requests import Backend
from negatives.llm.wire import cost_of
from negatives.policy import Policy


class AskOptions(NamedTuple):
    """What all blocks are asked: the rules, and the folder in which answers are kept at once."""

    rules: tuple[Mapping[str, Any], ...]
    policy: Policy
    seed: int
    cache: Path


class AskTask(NamedTuple):
    """The parses of one block, whose answers are kept under its name."""

    parses: Path
    name: str


class Asked(NamedTuple):
    """How many captions a block has, and what asking about it took, as in `Counts`."""

    captions: int
    requests: int
    kept: int
    damaged: int
    prompt_tokens: int
    completion_tokens: int


def answers_to(
    plan: Plan, parsed: Mapping[str, Done[Parsed]], site: Site
) -> tuple[dict[str, AnswersFile], Json]:
    """Ask about all blocks; return the answers by block, and what they took.

    Raises:
        UsageError: the model cannot be had, or a limit is reached; answers that came are kept.
        RetryableError: most requests got no answer.
    """
    backend = plan.backend
    if backend is None:
        return {}, {}
    started = time.time()
    done = run_stage(asking(plan, parsed, backend), site)
    _, *sums = map(sum, zip(*(each.facts for each in done.values()), strict=True))
    counts = Counts(*sums)
    cost = cost_of(backend.facts, counts.prompt_tokens, counts.completion_tokens)
    answers = {
        name: AnswersFile(each.path("answers"), backend.facts) for name, each in done.items()
    }
    return answers, {**counts._asdict(), "cost": cost, "seconds": round(time.time() - started, 1)}


def asking(
    plan: Plan, parsed: Mapping[str, Done[Parsed]], backend: Backend
) -> Stage[AskTask, Asked]:
    """Return the stage that asks about parsed blocks."""
    config = plan.config
    options = AskOptions(
        rules=config.rules,
        policy=config.policy,
        seed=config.negatives.seed,
        cache=config.llm.cache or plan.out / "answers",
    )
    by_workers = is_for_workers(config.llm)
    if by_workers:  # on the device that the driver finds for them
        llm = replace(config.llm, device=settled_device(config.llm.device))
        work = partial(ask_own_model, options, llm)
    else:
        work = partial(ask, options, backend)
    return Stage(
        name="ask",
        tasks=[Task(name, AskTask(done.path("parses"), name)) for name, done in parsed.items()],
        work=work,
        facts=Asked,
        gpus=gpus_for_asking(config.llm),
        in_driver=not by_workers,
    )


def is_for_workers(llm: LlmConfig) -> bool:
    """Tell whether workers may ask: a number that the build may not exceed is the driver's."""
    return llm.backend == "local" and llm.limits.max_requests is None


def gpus_for_asking(llm: LlmConfig) -> float:
    """Return how many GPUs a worker takes that asks: its model fills one."""
    return float(settled_device(llm.device).startswith("cuda"))


def ask_own_model(options: AskOptions, llm: LlmConfig, task: AskTask, new_file: NewFile) -> Asked:
    """Ask about a block, by a worker that opens the model itself.

    Raises:
        UsageError: the model cannot be had.
    """
    lexicon = chooser_of(options.rules, options.policy, options.seed).lexicon
    return ask(options, backend_of(llm, lexicon), task, new_file)


def ask(options: AskOptions, backend: Backend, task: AskTask, new_file: NewFile) -> Asked:
    """Write the answers to what the rules ask about a block.

    Raises:
        UsageError: as the backend; answers that came are kept.
        RetryableError: as the backend, or most requests got no answer.
    """
    rules = asking_rules(chooser_of(options.rules, options.policy, options.seed))
    block = list(read_parses(task.parses))
    parses = list({parse.text: parse for _, parse in block}.values())
    counts = ask_block(
        parses,
        rules,
        backend,
        kept=options.cache / f"{task.name}.answers",
        path=new_file("answers"),
    )
    return Asked(len(block), *counts)
