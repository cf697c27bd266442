"""What a user should be told once of a run, before it begins."""

from torch import nn

from data.image_names import told_of
from training.config import Settings
from training.model import ClipModel
from training.rows import num_left_out
from training.samples import Samples
from training.tokens import num_cut


def notes_of(settings: Settings, name: str, model: ClipModel, samples: Samples) -> tuple[str, ...]:
    """Return what was chosen for the user, what costs, and what is not trained on, counted.

    `name`: of the model, with its variant.
    """
    notes = (_on_activation(settings, name), model.note, _on_batches(model), told_of(samples.store))
    return (*filter(None, notes), *_counts(settings, samples))


def _on_activation(settings: Settings, name: str) -> str:
    if name == settings.config.model:
        return ""
    return f"weights {settings.config.pretrained} were trained with QuickGELU: the model is {name}"


def _on_batches(model: nn.Module) -> str:
    if not any(isinstance(module, nn.BatchNorm2d) for module in model.modules()):
        return ""
    return (
        "the image tower normalises over what it sees at once, so run.parts and the number of "
        "processes change its numbers"
    )


def _counts(settings: Settings, samples: Samples) -> list[str]:
    counts = (
        (num_left_out(samples.rows), "captions are left out: their images are missing"),
        (num_cut(samples.tokens), "negatives differ beyond what the model reads, and are masked"),
        (
            len(samples) % settings.batch_size,
            "captions, others in each epoch, fill no batch and are left out of it",
        ),
    )
    return [f"{count:,} {what}" for count, what in counts if count]
