"""A run -> one set of weights for open_clip or transformers.

WiSE-FT (Wortsman et al. 2022, arXiv 2109.01903): theta = (1 - alpha) theta_0 + alpha theta_1, with
the weights before and after training. LoRA's updates are merged first.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import safetensors.torch
import torch
from torch import Generator, Tensor

from data.commit import attempt_path, sync_and_hash, sync_folder
from data.disk import writing
from data.errors import UsageError
from training.config import TrainingConfig
from training.model.activation import SAFE
from training.model.clip import ClipModel
from training.model.foreign.writing import write_transformers
from training.model.library import tokenizer
from training.model.loading import load_model
from training.model.lora import add_lora, plain_state_dict
from training.model.weights import load_into, save
from training.run.checkpoint import BEST, latest, read
from training.run.start import digest_of, initial_model
from training.run.train import FILE

Which = Literal["last", "best"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Weights:
    """A run's weights. `name`: the model that runs them. `facts`: the content of run.json."""

    name: str
    step: int
    alpha: float
    quick_gelu: bool
    state_dict: dict[str, Tensor]
    model: ClipModel
    facts: Mapping[str, Any]


def weights_of(run: Path, *, alpha: float = 1.0, which: Which = "last") -> Weights:
    """Return the weights of a run's last or best checkpoint, interpolated with its first ones.

    Raises:
        UsageError: there is no such run or checkpoint, or the initial weights are not available.
    """
    if not 0 <= alpha <= 1:
        raise UsageError(f"--alpha: expected 0 to 1, found {alpha}")
    facts = facts_of(run)
    path = run / BEST if which == "best" else latest(run)
    if path is None or not path.exists():
        measured = " of a run with training.validation" if which == "best" else ""
        raise UsageError(f"{run}: expected a checkpoint{measured}, found none")
    checkpoint, config = read(path), facts["config"]
    model = load_model(facts["model"], pretrained=facts["pretrained"], weights=False)
    rank = config["lora"]["rank"]
    if rank:
        add_lora(model.clip, rank=rank, alpha=config["lora"]["alpha"], generator=Generator())
    load_into(model.clip, checkpoint.state_dict, where=str(path))
    state_dict = plain_state_dict(model.clip)
    if alpha < 1:
        state_dict = interpolated(_first(facts), state_dict, alpha=alpha)
    return Weights(
        name=facts["model"],
        step=checkpoint.step,
        alpha=alpha,
        quick_gelu=model.quick_gelu,
        state_dict={name: tensor.detach().contiguous() for name, tensor in state_dict.items()},
        model=model,
        facts=facts,
    )


def interpolated(
    before: Mapping[str, Tensor], after: Mapping[str, Tensor], *, alpha: float
) -> dict[str, Tensor]:
    """Return (1 - alpha) before + alpha after; non-float tensors are taken from `after`."""
    return {
        name: torch.lerp(before[name], tensor, alpha) if tensor.is_floating_point() else tensor
        for name, tensor in after.items()
    }


def write_weights(weights: Weights, output: Path) -> None:
    """Write a file that `open_clip.create_model(weights.name, pretrained=output)` opens."""
    draft = attempt_path(output.parent, output.name, "export")
    try:
        if output.suffix == SAFE:
            notes = {"model": weights.name, "quick_gelu": str(weights.quick_gelu).lower()}
            with writing(output):
                safetensors.torch.save_file(weights.state_dict, draft, metadata=notes)
                sync_and_hash(draft)
        else:
            content = {
                "state_dict": weights.state_dict,
                "quick_gelu": weights.quick_gelu,
                "model": weights.name,
                "step": weights.step,
                "alpha": weights.alpha,
            }
            save(content, draft, target=output)
        draft.rename(output)
        sync_folder(output.parent)
    finally:
        draft.unlink(missing_ok=True)


def write_folder_of_transformers(weights: Weights, output: Path) -> str:
    """Write a folder for transformers' CLIPModel or SiglipModel; return which of them opens it.

    Raises:
        UsageError: the folder is not empty, or transformers has no such model.
    """
    return write_transformers(
        weights.model, weights.state_dict, output, tokenize=tokenizer(weights.name)
    )


def facts_of(run: Path) -> dict[str, Any]:
    """Return the content of run.json.

    Raises:
        UsageError: there is none.
    """
    path = run / FILE
    try:
        facts: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(f"{run}: expected the folder of a run, with {FILE}") from error
    if not facts.keys() >= {"config", "model", "pretrained", "source", "captions"}:
        raise UsageError(f"{path}: damaged, or from another version")
    return facts


def _first(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return the initial weights of a run."""
    config = facts["config"]
    start = replace(TrainingConfig(), pretrained=facts["pretrained"], seed=config["seed"])
    state_dict: dict[str, Any] = initial_model(start, name=facts["model"]).clip.state_dict()
    if digest_of(state_dict) != config["weights"]:
        raise UsageError(
            f"the run's initial weights have changed ({facts['model']}, "
            f"{facts['pretrained']}); restore them, or use the trained weights only (--alpha 1, or "
            "--wise-ft 1)"
        )
    return state_dict
