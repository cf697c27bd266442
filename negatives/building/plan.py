"""The plan of a build: what shapes its content, its output folder, and whether it may use it."""

import json
from collections.abc import Callable
from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from typing import Any, Literal, cast

from data.commit import Json, remove_tree
from data.config import base_name, differences, parse_options, plain
from data.errors import UsageError
from data.manifest import FILE_NAME, FLUENCY, Manifest, read_manifest
from data.remote import Remote
from data.sources import Source, source_class
from data.sources.objects import HasObjects
from data.storage import AnyPath
from negatives.choose import Producer
from negatives.config import BuildConfig
from negatives.fluency.corpus import read_model
from negatives.folders.claims import Mark, claim, clear, holds, mark_of
from negatives.folders.versions import code_version, writer_versions
from negatives.generator import chooser_of
from negatives.llm.asking import asks
from negatives.llm.blocks import producer_record
from negatives.llm.config import backend_of
from negatives.llm.requests import Backend
from negatives.models import model_name, model_version
from negatives.positives.choosing import positive_chooser
from negatives.rules import producer_of
from negatives.scorers import causal_versions
from negatives.skipping import source_in

Resume = Literal["never", "if-possible", "always"]
_COMMAND = "build"
Report = Callable[[str, int], None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """`identity` is the manifest's description of the build: equal identity, equal bytes.

    `fluency_from`: the folder of an existing corpus model, None if there is none. `backend`: the
    language model that rules ask, None if no rule asks. `report` is called with a stage and the
    number of captions just done there.
    """

    config: BuildConfig
    source: Source
    identity: Json
    model: str
    fluency_from: AnyPath | None
    out: AnyPath
    workers: int
    report: Report
    backend: Backend | None

    @property
    def work(self) -> AnyPath:
        """Return the folder of unfinished work."""
        return self.out / "work"

    def source_options(self) -> Json:
        """Return the source's options as written in the manifest."""
        return source_in(cast("Json", self.identity["config"]))

    def mark(self) -> Mark:
        """Return the claim that marks the folder as this build's."""
        return Mark(_COMMAND, self.identity)

    def learns(self) -> bool:
        """Tell whether the build learns a model from its own captions."""
        return self.config.policy.corpus is not None and self.fluency_from is None


def make_plan(config: BuildConfig, *, out: AnyPath, workers: int, report: Report) -> Plan:
    """Return the plan of a build.

    Raises:
        UsageError: the source, a rule, an option or the language model is not available.
    """
    if workers < 1:
        raise UsageError(f"workers: expected 1 or more, found {workers}")
    source, source_identity = make_source(config.data.source)
    model = config.negatives.model or model_name()
    chooser = chooser_of(config.rules, config.policy, config.negatives.seed)
    positives = positive_chooser(
        config.positives, config.policy, config.negatives.seed, first_number=len(config.rules)
    )
    if any(spec["rule"] == "absence" for spec in config.positives):
        _refuse_unknown_absences(source)
    content = config.content()
    content["data"] = {**plain(config.data), "source": source_identity}
    negatives = {**plain(content["negatives"]), "model": base_name(model)}
    content["negatives"] = negatives
    fluency_from = config.negatives.fluency_from
    if fluency_from is not None:
        negatives["fluency_from"] = read_manifest(fluency_from).fingerprint
        read_model(fluency_from / FLUENCY)
    versions = {"parser": model_version(model), **writer_versions(), "code": code_version()}
    for scoring in negatives["choice"].get("scorers", ()):
        if scoring.get("model") is not None:
            scoring["model"] = base_name(scoring["model"])
    for number, version in enumerate(causal_versions(config.policy, keep=workers == 1), start=1):
        versions["scorer" if number == 1 else f"scorer {number}"] = version
    backend = backend_of(config.llm, chooser.lexicon) if config.asks() else None
    identity: Json = {
        "config": content,
        "versions": versions,
        "producers": [
            producer_of(spec, producer.rule) | _asking_record(producer, backend)
            for spec, producer in zip(config.rules, chooser.producers, strict=True)
        ]
        + [
            producer_of(spec, producer.rule)
            | _asking_record(producer, backend)
            | {"positives": True}
            for spec, producer in zip(config.positives, positives.producers, strict=True)
        ],
    }
    return Plan(
        config=config,
        source=source,
        identity=identity,
        model=model,
        fluency_from=fluency_from / FLUENCY if fluency_from else None,
        out=out,
        workers=workers,
        report=report,
        backend=backend,
    )


def _refuse_unknown_absences(source: Source) -> None:
    if not isinstance(source, HasObjects):
        raise UsageError(
            "negatives.positives: the rule absence needs a source that knows what its images do "
            f"not show, such as scenes; found {type(source).__name__.lower()}; leave it out"
        )
    if why := source.why_no_objects():
        raise UsageError(f"negatives.positives: the rule absence {why}")


def _asking_record(producer: Producer, backend: Backend | None) -> Json:
    """Return what the manifest records about a rule that asks, besides its options."""
    if backend is None or not asks(producer.rule):
        return {}
    return producer_record(producer.rule, backend.model_info)


def make_source(spec: Any) -> tuple[Source, Json]:  # noqa: ANN401 - what a user wrote
    """Return the source of a config entry `{name: NAME, option: value ...}`, and its description.

    Folders are recorded by their last part only, so that no manifest reveals where a machine keeps
    its files.

    Raises:
        UsageError: the name or an option is unknown, or an option is missing.
    """
    options = dict(spec)
    name = str(options.pop("name", ""))
    made = source_class(name)
    needed = {each.name for each in fields(made) if each.default is MISSING}  # type: ignore[arg-type]
    if "root" in needed and options.get("root") is None:
        raise UsageError(
            f"source {name}: expected the folder or file of its captions, found none; give it as "
            f"--root PATH or data.source.root (`negatives sources {name}` describes it)"
        )
    source = parse_options(made, options, where=f"source {name}")
    identity: Json = {"name": name}
    for field in source.__dataclass_fields__:  # type: ignore[attr-defined]
        value = getattr(source, field)
        is_path = isinstance(value, Path | Remote) or field == "root"
        identity[field] = base_name(value) if is_path else plain(value)
    return source, identity


def finished_manifest(plan: Plan, resume: Resume) -> Manifest | None:
    """Open the output folder: return its manifest if the build is finished, else None.

    Raises:
        UsageError: the folder holds something else, or a build of another configuration.
    """
    mark = mark_of(plan.out)
    if (plan.out / FILE_NAME).exists():
        if resume == "never":
            raise UsageError(f"{plan.out}: contains a finished build; choose another folder")
        manifest = read_manifest(plan.out)
        _refuse_difference(plan, {name: getattr(manifest, name) for name in plan.identity})
        remove_tree(plan.work)  # a run may have been killed just before deleting it
        return manifest
    if mark and mark.command == _COMMAND and resume != "never":
        _refuse_difference(plan, mark.identity)
        return None
    if resume == "always":
        raise UsageError(f"{plan.out}: there is no build to resume; leave out --resume always")
    if mark and mark.command in ("", _COMMAND):
        clear(plan.out)
    elif plan.out.exists() and any(plan.out.iterdir()) and not holds(plan.out, plan.mark()):
        if (plan.out / FILE_NAME).exists():  # another run of this build was faster
            return finished_manifest(plan, resume)
        raise UsageError(
            f"{plan.out}: not empty, and not an unfinished build; choose another folder"
        )
    claim(plan.out, plan.mark())
    return None


def _refuse_difference(plan: Plan, before: Json) -> None:
    lines = differences(before, json.loads(json.dumps(plan.identity)))
    if lines:
        shown = "\n  ".join(lines)
        is_finished = (plan.out / FILE_NAME).exists()
        dropping = "" if is_finished else "; or use --resume never to delete this unfinished one"
        raise UsageError(
            f"{plan.out}: contains a build with another configuration (existing -> requested):\n"
            f"  {shown}\nuse the same configuration, or choose another folder{dropping}"
        )
