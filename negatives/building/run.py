"""The stages of a build in order: parse, count, merge, fit, ask, choose, finish.

Each stage works on blocks of captions, each committed once; then the shards are linked into place,
and the manifest is written last. A build can be killed anywhere and run again: finished work is
kept, and the bytes are those of an uninterrupted run.
"""

import time
from collections.abc import Mapping

from data.errors import ShardError, UsageError
from data.manifest import FILE_NAME, FLUENCY, Manifest
from data.storage import AnyPath
from negatives.building.asking import answers_to
from negatives.building.choosing import choosing
from negatives.building.finishing import finish, first_occurrences, manifest_of
from negatives.building.learning import LearnedModel, LearnOptions, learn
from negatives.building.parsing import ParseStats, has_captions, parsing
from negatives.building.plan import Plan, Report, Resume, finished_manifest, make_plan
from negatives.building.reading import Reading
from negatives.building.stage import Done, Site, run_stage
from negatives.config import BuildConfig
from negatives.executors import Executor, opening
from negatives.executors.local import workers_on_this_machine
from negatives.folders.claims import clear, refuse_if_taken
from negatives.presets import PRESETS
from negatives.rules import is_asking
from negatives.skipping import FIRST, nothing_usable
from negatives.tallies import sum_contents


def build(  # noqa: PLR0913 - what to build, where, with which workers, and whom to report to
    config: BuildConfig,
    *,
    out: AnyPath,
    workers: int = 1,
    executor: Executor = workers_on_this_machine,
    resume: Resume = "if-possible",
    report: Report = lambda _stage, _num_captions: None,
) -> Manifest:
    """Build the shards of a configuration in the folder `out`, or resume an unfinished build.

    `executor` opens the workers, on this machine or a Ray cluster. `report` is called with the
    stage ("parse", "ask", "choose" and others) and the number of captions just done.

    Raises:
        UsageError: the configuration, the source or the folder cannot be used.
        ShardError: blocks failed; the others are finished and kept.
    """
    plan = make_plan(config, out=out, workers=workers, report=report)
    manifest = finished_manifest(plan, resume)
    if manifest is None:
        try:
            return _run(plan, executor)
        except (FileNotFoundError, ShardError, UsageError) as error:
            if not (out / FILE_NAME).exists():
                refuse_if_taken(out, plan.mark())
                if isinstance(error, UsageError) and not has_captions(plan.work):
                    clear(out)  # later changes by the user must not change the configuration
                raise
        manifest = finished_manifest(plan, "always")  # another run of this build was faster
    assert manifest is not None, "the folder has a manifest"
    Reading(plan).refuse_other_source(manifest)
    return manifest


def _run(plan: Plan, executor: Executor) -> Manifest:
    started = time.time()
    reading = Reading(plan)
    with opening(executor, plan.workers) as open_workers:
        site = Site(plan.work, open_workers, plan.report)
        blocks = run_stage(parsing(plan, reading), site)
        parsed = {name: done for name, done in blocks.items() if done.stats.captions}
        first = first_occurrences(reading, blocks.values())
        if not parsed:
            skipped = [{"skipped": done.stats.skipped} for done in blocks.values()]
            tallies = sum_contents([reading.tallies(), *skipped])
            raise UsageError(nothing_usable(tallies, first, plan.source_options()))
        learned = _corpus_model(plan, parsed, site)
        answers, asked = answers_to(plan, parsed, site)
        chosen = run_stage(choosing(plan, parsed, learned, answers), site)
    manifest = manifest_of(plan, reading, blocks, chosen)
    run_record = {"seconds": round(time.time() - started, 1), **({"asked": asked} if asked else {})}
    finish(plan, manifest, chosen, run_record | ({FIRST: first} if first else {}))
    return manifest


def _corpus_model(
    plan: Plan, parsed: Mapping[str, Done[ParseStats]], site: Site
) -> LearnedModel | None:
    """Return the corpus model of the policy's scorer, None if it has none."""
    config = plan.config
    if not plan.learns():
        return LearnedModel(plan.fluency_from, {}) if plan.fluency_from else None
    rules = tuple(spec for spec in config.rules if not is_asking(spec))
    options = LearnOptions(rules or PRESETS["natural"].rules, config.policy, config.negatives.seed)
    learned = learn(parsed, options, site, plan.work / FLUENCY)
    return learned._replace(layouts={}) if config.asks() else learned  # it then has more slots
