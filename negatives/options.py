"""The options that shape a build's configuration, with or without a pipeline.yaml."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from data.config import check_sections, read_yaml, with_setting
from data.errors import UsageError
from data.storage import AnyPath
from negatives.config import BuildConfig, build_config


class ConfigOptions(NamedTuple):
    """The options of `negatives build` that shape its configuration; None if not given.

    `config`: the path of a pipeline.yaml, or its sections as a mapping. `settings`: as `--set`,
    each "section.key=value".
    """

    config: Path | Mapping[str, Any] | None = None
    source: str | None = None
    root: AnyPath | None = None
    preset: str | None = None
    limit: int | None = None
    hold_out: int | None = None
    seed: int | None = None
    language: str | None = None
    fluency_from: AnyPath | None = None
    max_share: float | None = None
    positives: bool | None = None
    settings: tuple[str, ...] = ()

    def with_limits(self, *, max_requests: int | None, max_cost: float | None) -> "ConfigOptions":
        """Return these options with limits for a language model."""
        limits = given(max_requests=max_requests, max_cost=max_cost)
        added = (f"negatives.llm.limits.{name}={value}" for name, value in limits.items())
        return self._replace(settings=(*self.settings, *added))


def resolve(options: ConfigOptions) -> BuildConfig:
    """Return the configuration: defaults, then the file, then the options, then --set.

    Raises:
        UsageError: something in it is unknown or of a wrong type.
    """
    sections = _sections(options.config)
    check_sections(sections)
    data = dict(sections.get("data") or {})
    source = data.get("source") or {}
    if not isinstance(source, Mapping):
        raise UsageError(f"data.source: expected {{name: NAME, ...}}, found {source!r}")
    if options.source is not None and options.source != source.get("name"):
        source = {"name": options.source}
    if options.root is not None:
        if "name" not in source:
            raise UsageError("--root needs --source, which says how to read it")
        source = {**source, "root": str(options.root)}
    if source:
        data["source"] = source
    data |= given(limit=options.limit, hold_out=options.hold_out, language=options.language)
    negatives = dict(sections.get("negatives") or {})
    negatives |= given(
        preset=options.preset,
        seed=options.seed,
        fluency_from=options.fluency_from,
        positives=options.positives,
    )
    if options.max_share is not None:
        choice = negatives.get("choice") or {}
        if not isinstance(choice, Mapping):
            raise UsageError(f"negatives.choice: expected {{option: value, ...}}, found {choice!r}")
        negatives["choice"] = {**choice, "max_share": options.max_share}
    sections = {**sections, "data": data, "negatives": negatives}
    for setting in options.settings:
        sections = with_setting(sections, setting)
    return build_config(sections)


def given(**values: object) -> dict[str, object]:
    """Return the values that are not None."""
    return {name: value for name, value in values.items() if value is not None}


def _sections(config: object) -> Mapping[str, Any]:
    if config is None:
        return {}
    if isinstance(config, Mapping):
        return config
    if isinstance(config, Path):
        return read_yaml(config)
    raise UsageError(
        f"config: expected the path of a pipeline.yaml or its sections as a mapping, found "
        f"{type(config).__name__}"
    )
