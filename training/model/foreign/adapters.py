"""LoRA adapters as peft saves them: updates of the weights of a base model, merged into them.

adapter_config.json has rank, alpha and the base; adapter_model.safetensors (or .bin) has A and B of
each weight, and full weights of modules that were trained too.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from torch import Tensor

from data.errors import UsageError
from training.model.foreign.configs import read_json
from training.model.foreign.files import read_weights

CONFIG: Final = "adapter_config.json"
FILES: Final = ("adapter_model.safetensors", "adapter_model.bin")
_PREFIX: Final = "base_model.model."
_OTHER_STARTS: Final = ("pissa", "olora", "corda")
_A: Final = re.compile(r"(.+)\.lora_(A|embedding_A)(\.weight)?$")


@dataclass(frozen=True, kw_only=True, slots=True)
class Adapter:
    """An adapter. `base`: the model that it was trained on, as adapter_config.json names it."""

    where: Path
    base: str
    config: Mapping[str, Any]
    weights: Mapping[str, Tensor]


def read_adapter(folder: Path) -> Adapter:
    """Return the adapter in a folder.

    Raises:
        UsageError: it is damaged, or not LoRA.
    """
    config = read_json(folder / CONFIG)
    if found := _other_kind(config):
        raise UsageError(
            f"{folder / CONFIG}: expected an adapter of LoRA, found {found}; merge it with peft "
            "(merge_and_unload) and save the whole model"
        )
    path = next((folder / name for name in FILES if (folder / name).is_file()), None)
    if path is None:
        raise UsageError(f"{folder}: expected {' or '.join(FILES)}, found neither")
    base = str(config.get("base_model_name_or_path") or "")
    return Adapter(where=folder, base=base, config=config, weights=read_weights(path))


def _other_kind(config: Mapping[str, Any]) -> str | None:
    """Return the kind of an adapter that cannot be merged by adding A and B, or None."""
    kind = str(config.get("peft_type", "LORA")).upper()
    start = str(config.get("init_lora_weights")).lower()
    if kind != "LORA":
        return kind
    if config.get("use_dora"):
        return "DoRA"
    if config.get("lora_bias"):
        return "LoRA with lora_bias"
    if start.startswith(_OTHER_STARTS):
        return f"LoRA with init_lora_weights {start}, which changes the base's weights"
    return None


def merged(state: Mapping[str, Tensor], adapter: Adapter) -> tuple[dict[str, Tensor], int]:
    """Return weights with an adapter's updates, and how many of them it changed.

    Raises:
        UsageError: it updates weights that do not exist or have another shape.
    """
    theirs = {_plain(name): tensor for name, tensor in adapter.weights.items()}
    result, done, used = dict(state), set[str](), set[str]()
    for name, down in theirs.items():
        if match := _A.match(name):
            other = name.replace("lora_A", "lora_B").replace("embedding_A", "embedding_B")
            up = theirs.get(other)
            _refuse_attention(match[1], state, adapter)
            target = _target(match[1], result)
            if target is None or up is None:
                raise _unfit(adapter, name)
            update = _update(down, up, is_embedding=match[2] != "A")
            if adapter.config.get("fan_in_fan_out"):
                update = update.T
            if update.shape != result[target].shape:
                raise _unfit(adapter, name)
            result[target] = result[target].float() + _strength(adapter, match[1], down) * update
            done.add(target)
            used |= {name, other}
        elif ".lora_" not in name:
            if name not in result or result[name].shape != down.shape:
                raise _unfit(adapter, name)
            result[name] = down
            done.add(name)
            used.add(name)
    if left := theirs.keys() - used:
        raise _unfit(adapter, min(left))
    if not done:
        raise UsageError(f"{adapter.where}: expected updates of LoRA, found none in its weights")
    return result, len(done)


def _plain(name: str) -> str:
    """Return a name without peft's wrappers."""
    name = name.removeprefix(_PREFIX).replace(".base_layer.", ".")
    return re.sub(r"\.modules_to_save(\.default)?\.", ".", name).replace(".default.", ".")


def _target(module: str, state: Mapping[str, Tensor]) -> str | None:
    """Return the weight that belongs to a module."""
    return next((name for name in (f"{module}.weight", module) if name in state), None)


def _refuse_attention(module: str, state: Mapping[str, Tensor], adapter: Adapter) -> None:
    """Check that no update is for torch's attention, which peft's versions merge differently.

    Raises:
        UsageError: one is.
    """
    if any(
        f"{name}.in_proj_weight" in state for name in (module, module.removesuffix(".out_proj"))
    ):
        raise UsageError(
            f"{adapter.where}: expected updates of linear maps, found one of torch's attention "
            f"({module}), where peft's versions differ in what they compute; merge it with the "
            "peft that trained it (merge_and_unload) and save the whole model"
        )


def _update(down: Tensor, up: Tensor, *, is_embedding: bool) -> Tensor:
    down, up = down.float(), up.float()
    if is_embedding:  # A is rank x rows, B is width x rank
        return (up @ down).T
    if down.dim() == 4:  # of a convolution
        return (up.flatten(1) @ down.flatten(1)).view(up.shape[0], *down.shape[1:])
    return up @ down


def _strength(adapter: Adapter, module: str, down: Tensor) -> float:
    """Return alpha / r of a module, using the patterns for its name."""
    config, rank = adapter.config, down.shape[0]
    alpha = _by_pattern(config.get("alpha_pattern"), module, config.get("lora_alpha", rank))
    return float(alpha) / (rank**0.5 if config.get("use_rslora") else rank)


def _by_pattern(patterns: Mapping[str, Any] | None, module: str, otherwise: float) -> float:
    for pattern, value in (patterns or {}).items():
        if re.match(rf"(.*\.)?({pattern})$", module):
            return float(value)
    return otherwise


def _unfit(adapter: Adapter, name: str) -> UsageError:
    return UsageError(
        f"{adapter.where}: expected updates of the weights of {adapter.base or 'its base'}, found "
        f"{name!r}, which fits none of them; use the model that the adapter was trained on: "
        f"--model local-dir:BASE --pretrained {adapter.where}"
    )
