"""`negatives.build`: a build as a function; the command of this name calls it."""

from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, get_args

from data.errors import UsageError
from data.manifest import Manifest
from data.storage import AnyPath, path_of
from data.texts import nearest
from negatives.building.plan import Report, Resume
from negatives.building.run import build as run
from negatives.executors import Executor
from negatives.executors.local import workers_on_this_machine
from negatives.options import ConfigOptions, resolve

EXECUTORS = ("local", "ray")


def build(  # noqa: PLR0913 - the options of the command
    config: Path | str | Mapping[str, Any] | None = None,
    *,
    out: AnyPath | str = "out",
    source: str | None = None,
    root: AnyPath | str | None = None,
    preset: str | None = None,
    limit: int | None = None,
    hold_out: int | None = None,
    seed: int | None = None,
    language: str | None = None,
    fluency_from: AnyPath | str | None = None,
    max_share: float | None = None,
    positives: bool | None = None,
    settings: str | Iterable[str] = (),
    workers: int = 1,
    executor: str = "local",
    ray_address: str | None = None,
    resume: Resume = "if-possible",
    max_requests: int | None = None,
    max_cost: float | None = None,
    report: Report = lambda _stage, _num_captions: None,
) -> Manifest:
    """Build shards of hard negatives in the folder `out`, or resume an unfinished build there.

    Does what `negatives build` does, with the same options and the same errors.

    Args:
        config: the path of a pipeline.yaml, or its sections as a mapping:
            `{"data": {"source": {"name": "coco", "root": "coco"}}, "negatives": {"seed": 1}}`.
        out: the folder for the shards, or its URL.
        source: the source of the captions; `negatives sources` lists them.
        root: the source's folder or file, or its URL.
        preset: a set of rules with a policy; `negatives presets` lists them.
        limit: stop reading after this many captions.
        hold_out: leave out this many captions of each image, for the audit.
        seed: the seed of every random draw.
        language: "en" drops captions that are not English, "any" keeps them.
        fluency_from: a finished build whose corpus model weighs the candidates.
        max_share: thin each kind to at most this share of all negatives.
        positives: whether rows also get positives, edits that leave the caption true.
        settings: one or several other options, "section.key=value"; they take precedence.
        workers: the number of processes. With more than one, a script needs the guard
            `if __name__ == "__main__":`, because each process imports it.
        executor: "local" or "ray".
        ray_address: a Ray cluster: "auto" or "ray://HEAD:10001".
        resume: "never", "if-possible" or "always": whether to resume an unfinished build.
        max_requests: stop after this many requests to a language model.
        max_cost: stop when a language model's server has cost this much, in dollars.
        report: called with a stage ("parse", "choose" and others) and the number of captions
            just done there.

    Returns:
        The manifest: `tallies` counts captions, negatives, and rejections by reason;
        `open_shards(out)` reads the rows.

    Raises:
        UsageError: an option, the source or the folder cannot be used; one line says what to do.
        ShardError: blocks failed; the others are finished and kept.
        RetryableError: a store or a language model did not answer; the same call resumes.
    """
    options = ConfigOptions(
        Path(config) if isinstance(config, str) else config,
        source,
        None if root is None else path_of(root),
        preset,
        limit,
        hold_out,
        seed,
        language,
        None if fluency_from is None else path_of(fluency_from),
        max_share,
        positives,
        (settings,) if isinstance(settings, str) else tuple(settings),
    )
    if resume not in get_args(Resume):
        raise UsageError(f"resume: unknown {resume!r}; {nearest(resume, get_args(Resume))}")
    return run(
        resolve(options.with_limits(max_requests=max_requests, max_cost=max_cost)),
        out=path_of(out),
        workers=workers,
        executor=executor_of("ray" if ray_address else executor, ray_address),
        resume=resume,
        report=report,
    )


def executor_of(name: str, address: str | None) -> Executor:
    """Return the function that opens the workers.

    Raises:
        UsageError: there is no such executor, or Ray is not installed.
    """
    if name not in EXECUTORS:
        raise UsageError(f"executor: unknown {name!r}; {nearest(name, EXECUTORS)}")
    if name == "local":
        return workers_on_this_machine
    try:
        from negatives.executors.ray import workers_of_ray  # noqa: PLC0415 - an extra
    except ModuleNotFoundError as error:
        raise UsageError(
            "--executor ray: Ray is not installed: pip install 'caption-negatives[ray]'"
        ) from error
    return partial(workers_of_ray, address=address)
