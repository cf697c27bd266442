"""The straight line: source -> parses -> rows -> manifest.

Two passes over blocks of captions, each block committed once; then the shards are linked into
place and the manifest is written, last. Kill it anywhere and run it again: what is finished is
kept, and the bytes are those of an undisturbed run.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from data.commit import Unit, finished
from data.errors import ShardError, UsageError
from data.manifest import FILE_NAME, Manifest
from negatives.answering import answered, gpus_for_asking
from negatives.blocks import ChooseTask, choose_block, load_all, parse_block
from negatives.config import BuildConfig
from negatives.executors import Executor, Open, Run, opening
from negatives.executors.local import workers_on_this_machine
from negatives.finishing import finish, first_places, manifest_of, num_in, tallies_of
from negatives.folders.claims import clear, refuse_if_taken
from negatives.learning import Learned, LearnOptions, learn
from negatives.llm import NAMES
from negatives.llm.blocks import AnswersFile
from negatives.plan import Plan, Report, Resume, finished_manifest, make_plan
from negatives.presets import PRESETS
from negatives.reading import Reading
from negatives.scorer import gpus_for_reading, settled
from negatives.skipping import FIRST, nothing_usable
from negatives.tallies import merged
from negatives.words import lexicon as lexicons


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
    stage ("parse", "ask", "choose") and the number of captions just done.

    Raises:
        UsageError: the configuration, the source or the folder is not fit for it.
        ShardError: blocks failed; the others are finished and kept.
    """
    plan = make_plan(config, out=out, workers=workers, report=report)
    manifest = finished_manifest(plan, resume)
    if manifest is None:
        try:
            return _built(plan, executor)
        except (FileNotFoundError, ShardError, UsageError) as error:
            if not (out / FILE_NAME).exists():
                refuse_if_taken(out, plan.mark())
                if isinstance(error, UsageError) and not _has_captions(out):
                    clear(out)  # what the user changes now would be another configuration
                raise
        manifest = finished_manifest(plan, "always")  # another run of this build was faster
    assert manifest is not None, "the folder has a manifest"
    Reading(plan).refuse_other_source(manifest)
    return manifest


def _built(plan: Plan, executor: Executor) -> Manifest:
    started = time.time()
    reading, config = Reading(plan), plan.config
    with opening(executor, plan.workers) as open_for:
        run = open_for(partial(load_all, plan.model))
        units = _collect(plan, "parse", run(parse_block, reading.parse_tasks()))
        read = [units[name] for name in reading.names]
        parsed = [unit for unit in read if num_in(unit, "rows")]
        first = first_places(reading, read)
        if not parsed:
            tallies = merged([reading.tallies(), *map(tallies_of, read)])
            raise UsageError(nothing_usable(tallies, first, plan.source_options()))
        learned = _learned(plan, parsed, run)
        asked, spent = answered(plan, parsed, partial(_ask, plan, open_for))
        run = open_for(lexicons.load, gpus=gpus_for_reading(config.scorer, config.policy))
        tasks = _choose_tasks(plan, parsed, learned, asked)
        units = _collect(plan, "choose", run(choose_block, tasks))
    chosen = [units[unit.name] for unit in parsed]
    manifest = manifest_of(plan, reading, read, chosen)
    told = {"seconds": round(time.time() - started, 1), **({"asked": spent} if spent else {})}
    finish(plan, manifest, chosen, told | ({FIRST: first} if first else {}))
    return manifest


def _has_captions(out: Path) -> bool:
    """Tell whether a block with captions is finished in an unfinished folder."""
    parses = out / "work" / "parses"
    units = (finished(parses, path.stem) for path in parses.glob("*.json"))
    return any(unit is not None and num_in(unit, "rows") for unit in units)


def _ask(
    plan: Plan, open_for: Open, function: Callable[[Any], Unit], tasks: Iterable[Any]
) -> dict[str, Unit]:
    """Ask by workers that keep a model loaded."""
    run = open_for(lexicons.load, gpus=gpus_for_asking(plan.config.llm))
    return _collect(plan, "ask", run(function, tasks))


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


def _choose_tasks(
    plan: Plan, parsed: list[Unit], learned: Learned | None, asked: Mapping[str, AnswersFile]
) -> Iterator[ChooseTask]:
    config = plan.config
    scorer = settled(config.scorer) if config.policy.reads() else config.scorer
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
            scorer=scorer,
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
