"""What is evaluated: a run's folder, a file of weights, or a model of open_clip with its tag."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from data.config import base_name
from data.errors import UsageError
from training.export import Weights, Which, weights_of
from training.model.clip import ClipModel
from training.model.foreign.opening import describe_loaded
from training.model.loading import load_model, matched_name
from training.model.weights import load_into
from training.presets import placed, weights_named
from training.run.start import model_label


@dataclass(frozen=True, kw_only=True, slots=True)
class Subject:
    """A model to be evaluated. `name`: in open_clip. `alpha`: of WiSE-FT, None without it."""

    model: ClipModel
    name: str
    weights: str
    alpha: float | None = None

    @property
    def shown_name(self) -> str:
        """Return the model's name without the path of a folder on this machine."""
        return model_label(self.name)


def subjects(
    *,
    checkpoint: Path | None,
    model: str | None,
    pretrained: str | None,
    which: Which = "last",
    alphas: Sequence[float] = (),
) -> Iterator[Subject]:
    """Yield the model, or a model for each alpha of a run.

    Raises:
        UsageError: there is nothing to evaluate, or it cannot be opened.
    """
    if pretrained is not None:
        pretrained = weights_named(pretrained, where="--pretrained")
    if checkpoint is not None and checkpoint.is_dir():
        if model or pretrained:
            raise UsageError(
                f"{checkpoint} is a run, which includes its model: drop --model and --pretrained"
            )
        for alpha in alphas or (None,):
            weights = weights_of(checkpoint, alpha=1.0 if alpha is None else alpha, which=which)
            yield Subject(
                model=_merged_model(weights, checkpoint),
                name=weights.name,
                weights=base_name(checkpoint),
                alpha=alpha,
            )
        return
    if alphas or which == "best":
        option = "--wise-ft" if alphas else "--which best"
        raise UsageError(f"{option}: expected --checkpoint with the folder of a run")
    if model is None:
        found = "" if checkpoint is None else f", found no folder {checkpoint}"
        raise UsageError(f"expected --checkpoint with a run's folder, or --model{found}")
    if checkpoint and pretrained:
        raise UsageError(f"--checkpoint {checkpoint} includes the weights: drop --pretrained")
    model = placed(model)
    given = str(checkpoint) if checkpoint else pretrained
    name = matched_name(model, given)
    yield Subject(
        model=load_model(name, pretrained=given),
        name=name,
        weights=base_name(given) if given else model_label(name),
    )


def _merged_model(weights: Weights, run: Path) -> ClipModel:
    """Return a fresh model with a run's weights, in which LoRA is merged."""
    model = load_model(weights.name, pretrained=weights.facts["pretrained"], weights=False)
    load_into(model.clip, weights.state_dict, where=f"model {weights.name}")
    alpha = f", alpha {weights.alpha:g}" if weights.alpha != 1 else ""
    how = f"{run} at step {weights.step:,}{alpha}"
    model.found = describe_loaded(how, model_label(weights.name), model)
    return model
