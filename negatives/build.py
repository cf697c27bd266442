"""The straight line: source -> parses -> rows -> manifest.

Two passes over blocks of captions, each block committed once; then the shards are linked into
place and the manifest is written, last. Kill it anywhere and run it again: what is finished is
kept, and the bytes are those of an undisturbed run.
"""

import json
import time
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

from data.commit import Json, Unit
from data.errors import ShardError, UsageError
from data.manifest import Manifest
from negatives.blocks import ChooseTask, choose_block, load_all, parse_block
from negatives.config import BuildConfig
from negatives.executors import Executor, Run
from negatives.executors.local import workers_on_this_machine
from negatives.finishing import finish, manifest_of, num_in
from negatives.learning import Learned, LearnOptions, learn
from negatives.llm import NAMES
from negatives.llm.blocks import AnswersFile, AskTask, all_counts, ask_block, asking_rules
from negatives.llm.wire import cost_of
from negatives.plan import Plan, Report, Resume, finished_manifest, make_plan
from negatives.presets import PRESETS
from negatives.producers import chooser_of
from negatives.reading import Reading


def build(  # noqa: PLR0913 - what is made, where, by whom, and who hears of it
    config: BuildConfig,
    *,
    out: Path,
    workers: int = 1,
    executor: Executor = workers_on_this_machine,
    resume: Resume = "if-possible",
    report: Report = lambda _stage, _num_captions: None,
) -> Manifest:
    """Build the shards of a configuration in the folder `out`, or finish what was begun there.

    `executor` opens the workers: of this machine, or of a Ray cluster. `report` is called with the
    stage ("parse", "choose") and the number of captions just done.

    Raises:
        UsageError: the configuration, the source or the folder is not fit for it.
        ShardError: blocks failed; the others are finished and kept.
    """
    plan = make_plan(config, out=out, workers=workers, report=report)
    started = time.time()
    reading = Reading(plan)
    manifest = finished_manifest(plan, resume)
    if manifest is not None:
        reading.refuse_other_source(manifest)
        return manifest
    with executor(plan.workers, partial(load_all, plan.model)) as run:
        units = _collect(plan, "parse", run(parse_block, reading.parse_tasks()))
        parsed = [units[name] for name in reading.names if num_in(units[name], "rows")]
        if not parsed:
            skipped = json.dumps(reading.skipped, sort_keys=True)
            raise UsageError(f"no caption of the source could be used; skipped: {skipped}")
        learned = _learned(plan, parsed, run)
        asked, spent = _asked(plan, parsed)
        tasks = _choose_tasks(plan, parsed, learned, asked)
        units = _collect(plan, "choose", run(choose_block, tasks))
    chosen = [units[unit.name] for unit in parsed]
    manifest = manifest_of(plan, reading, parsed, chosen)
    finish(plan, manifest, chosen, started, spent)
    return manifest


def _learned(plan: Plan, parsed: list[Unit], run: Run) -> Learned | None:
    """Return the model that weighs the candidates, None if none does."""
    if not plan.learns():
        return Learned(plan.fluency_from, {}) if plan.fluency_from else None
    rules = tuple(spec for spec in plan.config.rules if spec["rule"] not in NAMES)
    options = LearnOptions(
        rules or PRESETS["natural"].rules, plan.config.policy, plan.config.negatives.seed
    )
    learned = learn(
        plan.work, parsed, lambda function, tasks: _collect(plan, "learn", run(function, tasks)),
        options,
    )  # fmt: skip
    return learned._replace(samples={}) if plan.config.asks() else learned


def _asked(plan: Plan, parsed: list[Unit]) -> tuple[dict[str, AnswersFile], Json]:
    """Ask about all blocks, in this process; return the outcomes by block, and what it took."""
    if plan.backend is None:
        return {}, {}
    started = time.time()
    config = plan.config
    chooser = chooser_of(config.rules, config.policy, config.negatives.seed)
    rules = asking_rules(chooser)
    folder = plan.work / "asked"
    found: dict[str, AnswersFile] = {}
    units: list[Unit] = []
    for unit in parsed:
        parses = plan.work / "parses" / unit.files["parses"].file
        cache = config.llm.cache or plan.out / "answers"
        done = ask_block(AskTask(parses, folder, unit.name, cache), rules, plan.backend)
        units.append(done)
        plan.report("ask", num_in(unit, "rows"))
        found[unit.name] = AnswersFile(folder / done.files["asked"].file, plan.backend.facts)
    seconds = round(time.time() - started, 1)
    counts = all_counts(units)
    cost = cost_of(plan.backend.facts, counts.prompt_tokens, counts.completion_tokens)
    return found, {**counts._asdict(), "cost": cost, "seconds": seconds}


def _choose_tasks(
    plan: Plan, parsed: list[Unit], learned: Learned | None, asked: Mapping[str, AnswersFile]
) -> Iterator[ChooseTask]:
    for unit in parsed:
        yield ChooseTask(
            parses=plan.work / "parses" / unit.files["parses"].file,
            folder=plan.work / "rows",
            name=unit.name,
            rules=plan.config.rules,
            policy=plan.config.policy,
            seed=plan.config.negatives.seed,
            rejects=plan.config.negatives.rejects,
            model=learned.folder if learned else None,
            sample=learned.samples.get(unit.name) if learned else None,
            scorer=plan.config.scorer,
            answers=asked.get(unit.name),
        )


def _collect(plan: Plan, stage: str, results: Iterator[Unit | ShardError]) -> dict[str, Unit]:
    """Return the units of a pass by name; raise at its end if blocks failed."""
    units: dict[str, Unit] = {}
    failures: list[str] = []
    for result in results:
        if isinstance(result, ShardError):
            failures.append(str(result))
        else:
            units[result.name] = result
            plan.report(stage, num_in(result, "rows"))
    if failures:
        shown = "\n  ".join(failures[:10])
        raise ShardError(f"{len(failures)} blocks failed, {len(units)} are finished:\n  {shown}")
    return units
