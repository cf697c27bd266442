"""The ask stage: a language model answers the rules' requests, a block at a time.

Workers run a local model, which each keeps loaded. The driver calls a server, so that the limits
apply to the whole build: concurrent requests, their number, their cost. A block is finished when
all its requests are answered, or when the missing answers are within the allowed number.
"""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial, reduce
from typing import Any, NamedTuple

from data.commit import Json
from data.errors import RetryableError, ShardError, UsageError
from data.storage import AnyPath
from negatives.building.parse_files import read_parses
from negatives.building.parsing import ParseStats
from negatives.building.plan import Plan
from negatives.building.stage import Done, NewFile, Site, Stage, Task, attempt_of, run_stage
from negatives.fluency.neural import resolve_device
from negatives.generator import chooser_of
from negatives.llm.blocks import AnswersFile, ask_block, whys_in
from negatives.llm.cache import write_answers
from negatives.llm.config import LlmConfig, backend_of
from negatives.llm.counts import Counts, counts_record, describe_unanswered, line_of
from negatives.llm.requests import Backend, Outcome
from negatives.policy import Policy
from negatives.positives.choosing import all_asking_rules

_FEW = 0.1  # of all requests: if fewer are unanswered, they are sent once more


class AskOptions(NamedTuple):
    """Shared by all blocks: the rules, and the folder where answers are saved as they arrive."""

    rules: tuple[Mapping[str, Any], ...]
    positives: tuple[Mapping[str, Any], ...]
    policy: Policy
    seed: int
    cache: AnyPath


class AskTask(NamedTuple):
    """The parses of one block, whose answers are saved under its name.

    `earlier`: counts of earlier attempts in this run.
    """

    parses: AnyPath
    name: str
    earlier: Counts = Counts()


class AskStats(NamedTuple):
    """The counts of a block: captions, and the fields of `Counts`."""

    captions: int
    counts: Sequence[float]


class UnansweredError(ShardError):
    """Requests of a block are unanswered; holds the outcomes and the counts so far."""

    def __init__(
        self, task: AskTask, asked: AskStats, outcomes: Mapping[str, Outcome], whys: Sequence[str]
    ) -> None:
        """Take the result of asking; `whys` are the reasons for missing answers."""
        self.task, self.asked, self.outcomes, self.whys = task, asked, outcomes, whys
        super().__init__(f"{task.name}: {describe_unanswered(Counts(*asked.counts), whys)}")  # type: ignore[arg-type]

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle as an error with a message, to travel from a worker to the driver."""
        return ShardError, (str(self),)


def answers_to(
    plan: Plan, parsed: Mapping[str, Done[ParseStats]], site: Site
) -> tuple[dict[str, AnswersFile], Json]:
    """Ask about all blocks; return the answers by block, and the counts.

    Raises:
        UsageError: the model is not available, or a limit is reached; answers so far are kept.
        RetryableError: a server left requests unanswered.
        ShardError: a local model left requests unanswered.
    """
    backend = plan.backend
    if backend is None:
        return {}, {}
    started = time.time()
    stage = asking(plan, parsed, backend)
    done = _ask_here(stage, plan, backend, site) if stage.in_driver else run_stage(stage, site)
    counts = _sum(each.stats for each in done.values())
    answers = {
        name: AnswersFile(each.path("answers"), backend.model_info) for name, each in done.items()
    }
    return answers, {**counts_record(counts, backend), "seconds": round(time.time() - started, 1)}


def asking(
    plan: Plan, parsed: Mapping[str, Done[ParseStats]], backend: Backend
) -> Stage[AskTask, AskStats]:
    """Return the stage that asks about parsed blocks."""
    config = plan.config
    options = AskOptions(
        rules=config.rules,
        positives=config.positives,
        policy=config.policy,
        seed=config.negatives.seed,
        cache=config.llm.cache or plan.out / "answers",
    )
    by_workers = is_for_workers(config.llm)
    if by_workers:  # on the device that the driver chose for them
        llm = replace(config.llm, device=resolve_device(config.llm.device))
        work = partial(ask_own_model, options, llm)
    else:
        work = partial(ask, options, backend)
    return Stage(
        name="ask",
        tasks=[Task(name, AskTask(done.path("parses"), name)) for name, done in parsed.items()],
        work=work,
        stats=AskStats,
        gpus=gpus_for_asking(config.llm),
        in_driver=not by_workers,
    )


def is_for_workers(llm: LlmConfig) -> bool:
    """Tell whether workers may ask; with a limit on the whole build, only the driver may."""
    limits = llm.limits
    return llm.backend == "local" and limits.max_requests is None and not limits.max_unanswered


def gpus_for_asking(llm: LlmConfig) -> float:
    """Return the number of GPUs that an asking worker needs; its model fills one."""
    return float(resolve_device(llm.device).startswith("cuda"))


def ask_own_model(
    options: AskOptions, llm: LlmConfig, task: AskTask, new_file: NewFile
) -> AskStats:
    """Ask about a block in a worker, which opens the model itself.

    Raises:
        UsageError: the model is not available.
        ShardError: requests are unanswered.
    """
    lexicon = chooser_of(options.rules, options.policy, options.seed).lexicon
    return ask(options, backend_of(llm, lexicon), task, new_file)


def ask(options: AskOptions, backend: Backend, task: AskTask, new_file: NewFile) -> AskStats:
    """Write the answers to the rules' requests about a block.

    Raises:
        LackingError: requests are unanswered.
        UsageError: as for the backend; answers so far are kept.
        RetryableError: as for the backend.
    """
    rules = all_asking_rules(options.rules, options.positives, options.policy, seed=options.seed)
    block = list(read_parses(task.parses))
    parses = list({parse.text: parse for _, parse in block}.values())
    answers, counts = ask_block(parses, rules, backend, kept=options.cache / f"{task.name}.answers")
    asked = AskStats(len(block), list(counts.after(task.earlier)))
    if counts.missing():
        raise UnansweredError(task, asked, answers.outcomes, whys_in(answers))
    write_answers(new_file("answers"), answers.outcomes)
    return asked


def _ask_here(
    stage: Stage[AskTask, AskStats], plan: Plan, backend: Backend, site: Site
) -> dict[str, Done[AskStats]]:
    """Ask about one block after another, and once more about those that lack a few answers.

    Raises:
        RetryableError: too many requests are unanswered; their blocks are not finished.
    """
    may_lack = plan.config.llm.limits.max_unanswered
    done, lacking = _round(stage, stage.tasks, site)
    num_questions = _sum([*(each.stats for each in done.values()), *_stats(lacking)]).requests
    stopped = ""
    if may_lack < _sum(_stats(lacking)).missing() < _FEW * num_questions:
        again = [
            Task(each.task.name, each.task._replace(earlier=_sum([each.asked])))
            for each in lacking.values()
        ]
        try:
            more, lacking = _round(stage, again, site)
            done |= more
        except (UsageError, RetryableError) as error:
            stopped = f"\nasked once more, then stopped: {error}"
    if _sum(_stats(lacking)).missing() > may_lack:
        counts = _sum([*(each.stats for each in done.values()), *_stats(lacking)])
        whys = [why for each in lacking.values() for why in each.whys]
        account = line_of(counts_record(counts, backend))
        raise RetryableError(
            f"{backend.model_info.name}: {describe_unanswered(counts, whys)}\n{account}{stopped}"
        )
    for name, each in lacking.items():
        attempt = attempt_of(replace(stage, work=partial(_accept, each)), site)
        done[name] = attempt(Task(name, each.task))
        site.report(stage.name, each.asked.captions)
    return done


def _round(
    stage: Stage[AskTask, AskStats], tasks: Iterable[Task[AskTask]], site: Site
) -> tuple[dict[str, Done[AskStats]], dict[str, UnansweredError]]:
    """Return the fully answered blocks, and the others."""
    attempt = attempt_of(stage, site)
    done: dict[str, Done[AskStats]] = {}
    lacking: dict[str, UnansweredError] = {}
    for task in tasks:
        try:
            done[task.name] = attempt(task)
        except UnansweredError as error:
            lacking[task.name] = error
        else:
            site.report(stage.name, done[task.name].stats.captions)
    return done, lacking


def _accept(lacking: UnansweredError, task: AskTask, new_file: NewFile) -> AskStats:  # noqa: ARG001 - a stage's work
    """Write the outcomes of a block with unanswered requests."""
    write_answers(new_file("answers"), lacking.outcomes)
    return lacking.asked


def _stats(lacking: Mapping[str, UnansweredError]) -> list[AskStats]:
    return [each.asked for each in lacking.values()]


def _sum(stats: Iterable[AskStats]) -> Counts:
    parts = [Counts(*each.counts) for each in stats]  # type: ignore[arg-type]
    return reduce(Counts.plus, parts, Counts())
