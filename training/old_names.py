"""Former names of options: rejected with the present name."""

from collections.abc import Mapping
from typing import Any, Final

from data.errors import UsageError
from training.presets import PRESETS

_RENAMED: Final = {("run", "parts"): "run.micro_batches"}


def refuse_old_names(section: Mapping[str, Any]) -> None:
    """Raise UsageError for a renamed option of the section `training`."""
    for (part, name), now in _RENAMED.items():
        options = section.get(part)
        if isinstance(options, Mapping) and name in options:
            raise UsageError(
                f"training.{part}.{name}: was renamed (found {options[name]!r}); use training.{now}"
            )
    if "loss" in section:
        losses = new_losses(section["loss"], preset=str(section.get("preset") or "fsc-clip"))
        raise UsageError(
            f"training.loss: found {section['loss']!r}, an old form; losses are now a list: "
            f"use training.losses: {losses}"
        )


def new_losses(old: object, *, preset: str) -> str:
    """Return as YAML the list of losses for an old mapping."""
    given = {k: v for k, v in old.items() if v is not None} if isinstance(old, Mapping) else {}
    names = PRESETS[preset].losses if preset in PRESETS else ()
    losses: list[str] = [str(given.get("contrastive") or next(iter(names), "clip"))]
    for name in ("global", "local"):
        weight = given.get(f"{name}_weight")
        if weight == 0 or (weight is None and name not in names):
            continue
        options = {"weight": weight} if weight is not None else {}
        keys = ("gamma", "beta", "attention") if name == "local" else ("gamma", "beta")
        options |= {key: given[key] for key in keys if key in given}
        told = "".join(f", {key}: {value}" for key, value in options.items())
        losses.append(f"{{loss: {name}{told}}}" if told else name)
    return f"[{', '.join(losses)}]"
