"""A pipeline.yaml -> its stages."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from data.commit import Json
from data.config import SECTIONS, check_sections, fingerprint
from data.errors import UsageError
from data.storage import local
from negatives.config import build_config
from negatives.folders.versions import own_version
from negatives.pipeline.stages import Stage

CONFIG: Final = "pipeline.yaml"
SHARDS: Final = "shards"
AUDIT: Final = "audit.json"
PAGE: Final = "audit.html"
RUN: Final = "run"
RESULTS: Final = "results"
EXAMPLES: Final = "examples.json"
BASELINE: Final = "baseline"
MEASURED: Final = "evaluate-baseline"
_WITHOUT_NEGATIVES: Final = ("training.losses=[clip]", "training.draw={ }")  # {} is the folder
_BEFORE, _AFTER = 0.0, 1.0


def stages_of(
    sections: Mapping[str, Any], out: Path, *, workers: int = 1, reference_model: str = "auto"
) -> list[Stage]:
    """Return the stages in order of dependency; commands read `out/CONFIG`.

    A stage depends on its part of the file, the stage before and this version, but not on workers
    and devices. Evaluation is left out if no benchmark is named.

    Raises:
        UsageError: a section is wrong.
    """
    check_sections(sections)
    build_config(sections)  # report errors before anything runs
    return list(_stages(sections, out, workers=workers, reference_model=reference_model))


def _stages(
    sections: Mapping[str, Any], out: Path, *, workers: int, reference_model: str
) -> Iterator[Stage]:
    data, negatives, training = (dict(sections.get(name) or {}) for name in SECTIONS)
    evaluation = training.pop("evaluation", None) or {}
    training.pop("run", None)
    composites = negatives.pop("composites", None)
    build = Stage(
        name="build",
        depends_on={"version": own_version(), "data": data, "negatives": negatives},
        command=(
            *("negatives", "build", "--config", str(out / CONFIG), "--out", f"{{}}/{SHARDS}"),
            *("--workers", str(workers)),
        ),
        makes=f"{SHARDS}/manifest.json",
    )
    yield build
    made = build  # the stage whose shards are audited and trained on
    if composites is not None:
        composed = _compose(build, out, negatives, dict(composites), workers=workers)
        made = _merge(build, composed, out)
        yield from (composed, made)
    shards = str(made.folder(out) / SHARDS)
    yield Stage(
        name="audit",
        depends_on={"build": fingerprint(made.depends_on), "judge": reference_model},
        command=(
            *("negatives", "audit", shards, "--quiet", "--reference-model", reference_model),
            *("--out", f"{{}}/{AUDIT}", "--html", f"{{}}/{PAGE}"),
        ),
        makes=AUDIT,
        needs=(made.name,),
    )
    train = _train(made, out, training)
    yield train
    if evaluation.get("benchmarks"):
        _check_roots(evaluation["benchmarks"])
        yield _evaluate(train, made, out, evaluation)
        if evaluation.get("baseline"):
            baseline = _train(made, out, training, name=BASELINE, settings=_WITHOUT_NEGATIVES)
            yield baseline
            yield _evaluate(baseline, made, out, evaluation, name=MEASURED)


def _train(
    made: Stage,
    out: Path,
    training: Json,
    *,
    name: str = "train",
    settings: tuple[str, ...] = (),
) -> Stage:
    """Return the stage that trains on the shards of `made`; `settings` differ from the file's."""
    differs = {"settings": list(settings)} if settings else {}
    return Stage(
        name=name,
        depends_on={"build": fingerprint(made.depends_on), "training": training, **differs},
        command=(
            *("train", "--config", str(out / CONFIG), "--shards", str(made.folder(out) / SHARDS)),
            *("--out", f"{{}}/{RUN}", "--resume"),
            *(f"--set={setting}" for setting in settings),
        ),
        makes=f"{RUN}/run.json",
        needs=(made.name,),
    )


def _evaluate(
    train: Stage, made: Stage, out: Path, evaluation: Json, *, name: str = "evaluate"
) -> Stage:
    """Return the stage that measures the weights before and after training, and mixed ones."""
    alphas = sorted({_BEFORE, _AFTER, *_numbers(evaluation.get("wise_ft"))})
    return Stage(
        name=name,
        depends_on={"train": fingerprint(train.depends_on), "evaluation": evaluation},
        command=(
            *("evaluate", "--config", str(out / CONFIG), "--quiet"),
            *("--checkpoint", str(train.folder(out) / RUN)),
            *("--trained-on", str(made.folder(out) / SHARDS)),
            *("--wise-ft", ",".join(f"{alpha:g}" for alpha in alphas)),
            *("--cache", str(out / "cache"), "--out", f"{{}}/{RESULTS}"),
            *(() if name == MEASURED else ("--examples", f"{{}}/{EXAMPLES}")),  # the same items
        ),
        makes=f"{RESULTS}/alpha-{_AFTER:.2f}.json",
        needs=(train.name,),
    )


def _compose(
    build: Stage, out: Path, negatives: Json, options: Mapping[str, Any], *, workers: int
) -> Stage:
    """Return the stage that joins captions of the build, with its parser and corpus model.

    A build that uses another one's corpus model has none of its own, and a manifest does not say
    where a parser's folder is.
    """
    named = {"--model": negatives.get("model"), "--fluency-from": negatives.get("fluency_from")}
    settings = [f"--set={name}={json.dumps(value)}" for name, value in sorted(options.items())]
    return Stage(
        name="compose",
        depends_on={"build": fingerprint(build.depends_on), "composites": dict(options)},
        command=(
            *("negatives", "compose", str(build.folder(out) / SHARDS), f"{{}}/{SHARDS}"),
            *(f"{option}={value}" for option, value in named.items() if value is not None),
            *settings,
            *("--quiet", "--workers", str(workers)),
        ),
        makes=f"{SHARDS}/manifest.json",
        needs=(build.name,),
    )


def _merge(build: Stage, composed: Stage, out: Path) -> Stage:
    """Return the stage that merges captions and composites into one folder."""
    folders = [str(stage.folder(out) / SHARDS) for stage in (build, composed)]
    return Stage(
        name="merge",
        depends_on={"compose": fingerprint(composed.depends_on)},
        command=("negatives", "merge", "--quiet", *folders, f"{{}}/{SHARDS}"),
        makes=f"{SHARDS}/manifest.json",
        needs=(composed.name,),
    )


def _check_roots(benchmarks: object) -> None:
    """Reject a URL as a benchmark's root now; `evaluate` would only do so after the training."""
    if not isinstance(benchmarks, Mapping):
        return  # evaluate reports the error
    for name, folders in benchmarks.items():
        if isinstance(folders, Mapping) and folders.get("root"):
            local(str(folders["root"]), where=f"training.evaluation.benchmarks.{name}.root")


def _numbers(values: object) -> list[float]:
    try:
        return [float(value) for value in values or ()]  # type: ignore[attr-defined]
    except (TypeError, ValueError) as error:
        raise UsageError(
            f"training.evaluation.wise_ft: expected a list of numbers, found {values!r}"
        ) from error
