"""Notes for the user before a run begins."""

from data.errors import UsageError
from data.image_names import describe_renaming
from training.batches.dataset import HardNegativeDataset
from training.batches.draw import ANY
from training.batches.rows import num_left_out
from training.batches.tokens import num_cut, with_negative, with_positive
from training.config import Settings
from training.model.clip import ClipModel


def notes_of(
    settings: Settings, name: str, model: ClipModel, samples: HardNegativeDataset
) -> tuple[str, ...]:
    """Return notes on automatic choices, costs, and counts of data that is not trained on.

    `name`: of the model, with its variant.
    """
    notes = (
        model.found,
        _on_activation(settings, name),
        model.note,
        _on_batches(model),
        describe_renaming(samples.store),
    )
    return (*filter(None, notes), *_counts(settings, samples))


def _on_activation(settings: Settings, name: str) -> str:
    if name == settings.config.model:
        return ""
    return f"weights {settings.config.pretrained} were trained with QuickGELU: the model is {name}"


def _on_batches(model: ClipModel) -> str:
    if not model.sees_whole_batch:
        return ""
    return (
        "BatchNorm of a new model learns from the images of each part of a batch, so "
        "run.micro_batches and the number of processes change the result"
    )


def refuse_without_negatives(settings: Settings, samples: HardNegativeDataset) -> None:
    """Check that a loss that needs negatives has any; it would otherwise stay at 0.

    Raises:
        UsageError: it has none.
    """
    if not settings.objective.needs_negatives:
        return
    if not samples.draw:
        raise no_negatives(settings, "training.draw has no place for any")
    if num_without_negative(samples) == len(samples):
        drawn = " or ".join(dict.fromkeys(samples.draw))
        what = "" if drawn == ANY else f" of type {drawn}"
        raise no_negatives(settings, f"no caption of {samples.rows.split!r} has one{what}")


def no_negatives(settings: Settings, found: str) -> UsageError:
    """Return the exception for a loss without the negatives that it needs."""
    return UsageError(
        f"preset {settings.config.preset}: its loss needs negatives, and {found}; build shards "
        "with negatives, choose other types (training.draw), or train without (--preset clip)"
    )


def refuse_without_positives(settings: Settings, samples: HardNegativeDataset) -> None:
    """Check that a loss that needs positives has any.

    Raises:
        UsageError: it has none.
    """
    if not settings.objective.needs_positives:
        return
    if settings.objective.needs_pairs and not samples.num_pairs:
        raise UsageError(
            "the loss units needs positives paired with negatives, but training.draw "
            "draws them separately; use training.draw={pairs: 2}"
        )
    missing = "training.draw has no place for any; use training.draw={any: 3, positives: 1}"
    if samples.num_positives:
        if num_without_positive(samples) < len(samples):
            return
        missing = f"no caption of {samples.rows.split!r} has one"
        if not samples.siblings:
            missing += "; `siblings: true` in training.draw uses the image's other captions"
    raise UsageError(f"preset {settings.config.preset}: its loss needs positives, and {missing}")


def num_without_positive(samples: HardNegativeDataset) -> int:
    """Return how many captions have no positive that can be drawn."""
    has = with_positive(samples.tokens, siblings=samples.siblings)
    kept = samples.rows.kept
    return int((~(has if kept is None else has[kept])).sum())


def num_without_negative(samples: HardNegativeDataset) -> int:
    """Return how many captions have no negative that can be drawn."""
    types = None if ANY in samples.draw else set(samples.draw)
    has = with_negative(samples.tokens, types)
    kept = samples.rows.kept
    return int((~(has if kept is None else has[kept])).sum())


def _counts(settings: Settings, samples: HardNegativeDataset) -> list[str]:
    without = num_without_negative(samples) if settings.objective.needs_negatives else 0
    alone = num_without_positive(samples) if settings.objective.needs_positives else 0
    counts = (
        (num_left_out(samples.rows), "captions are left out because their images are missing"),
        (without, f"of {len(samples):,} captions have no negative that can be drawn"),
        (alone, f"of {len(samples):,} captions have no positive that can be drawn"),
        (
            num_cut(samples.tokens),
            "negatives differ only beyond the model's context, and are masked",
        ),
        (
            len(samples) % settings.batch_size,
            "captions, different ones in each epoch, are dropped with the incomplete last batch",
        ),
    )
    return [f"{count:,} {what}" for count, what in counts if count]
