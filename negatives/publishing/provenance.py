"""The command that made a folder, according to its manifest."""

import dataclasses
import json
import shlex
from collections.abc import Iterator, Mapping
from typing import Any

from data.config import plain
from data.manifest import Manifest
from data.sources import SOURCES, source_class
from negatives.config import build_config


def command_of(manifest: Manifest) -> str:
    """Return the command that made a folder; paths are left out, as in the manifest.

    For a folder made from others, it is the command that made the first of them, with a comment.
    """
    config = manifest.config
    imported = config.get("import")
    if isinstance(imported, Mapping):
        command = _import(imported)
    elif _is_build(config):
        command = _build(config)
    else:
        return "negatives merge A B OUT  # see `lineage` in manifest.json"
    made = len(manifest.lineage)
    later = "  # then filtered, merged or repaired: `lineage` in manifest.json"
    return f"{command}{later}" if made else command


def _build(config: Mapping[str, Any]) -> str:
    data, negatives = config["data"], config["negatives"]
    source = data["source"]
    words = ["negatives", "build", "--source", str(source["name"])]
    words += ["--root", "DIR"] if "root" in source else []
    words += ["--preset", str(negatives["preset"]), "--out", "OUT"]
    defaults = build_config({"negatives": {"preset": negatives["preset"]}}).content()
    before: dict[str, Any] = {
        "data": {**plain(defaults["data"]), "source": _source_defaults(source)},
        "negatives": defaults["negatives"],
    }
    for key, value in _different(before, config):
        words += ["--set", f"{key}={json.dumps(value, ensure_ascii=False)}"]
    return shlex.join(words)


def _import(options: Mapping[str, Any]) -> str:
    words = ["negatives", "import", "FILE", "OUT"]
    for name, value in options.items():
        if value and value != "auto":
            words += [f"--{name.replace('_', '-')}", str(value)]
    return shlex.join(words)


def _source_defaults(source: Mapping[str, Any]) -> dict[str, Any]:
    """Return a source's options that differ from their defaults or have none."""
    fields = dataclasses.fields(source_class(str(source["name"])))  # type: ignore[arg-type]
    known = {field.name: field for field in fields}
    found: dict[str, Any] = {"name": source["name"]}
    for name, value in source.items():
        field = known.get(name)
        if name == "root" or field is None:
            found[name] = value  # set separately, or not an option
        elif field.default is not dataclasses.MISSING:
            found[name] = plain(field.default)
    return found


def _different(before: object, after: object, where: str = "") -> Iterator[tuple[str, object]]:
    """Yield the changed options by their dotted names."""
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key, value in after.items():
            yield from _different(before.get(key), value, f"{where}.{key}" if where else str(key))
    elif before != after:
        yield where, after


def _is_build(config: Mapping[str, Any]) -> bool:
    data = config.get("data")
    source = data.get("source") if isinstance(data, Mapping) else None
    negatives = config.get("negatives")
    return (
        isinstance(source, Mapping)
        and source.get("name") in SOURCES
        and isinstance(negatives, Mapping)
        and "preset" in negatives
    )
