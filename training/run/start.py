"""A configuration and paths -> a run's model and samples."""

import hashlib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import torch

from data.commit import Json
from data.config import base_name
from data.errors import UsageError
from data.images import ImageColumns, scenes_of
from data.storage import AnyPath
from data.texts import counted
from training.batches.dataset import DataOptions, HardNegativeDataset
from training.batches.draw import draw_of
from training.batches.rows import Rows, num_left_out, open_rows
from training.batches.tokenizer import Tokenizer, unpadded
from training.config import AUTO, Settings, TrainingConfig
from training.model.clip import ClipModel
from training.model.decoder import Decoder, open_decoder
from training.model.library import tokenizer
from training.model.loading import check_weights, load_model, matched_name
from training.model.lora import add_lora
from training.objective.gather import num_ranks
from training.presets import IN_PLACE, draw_for
from training.run.notes import (
    no_negatives,
    notes_of,
    refuse_without_negatives,
    refuse_without_positives,
)
from training.run.ranks import first_then_others, same_on_all_ranks, seed_of


@dataclass(frozen=True, kw_only=True, slots=True)
class Places:
    """A run's shards, images (None: scenes drawn on demand) and output folder."""

    shards: Path
    images: AnyPath | None
    out: Path
    cache: Path | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Prepared:
    """A model and its samples.

    `content`: everything that affects the weights, with the digests of rows and initial weights.
    `name`: the model's, with its variant. `notes`: notes for the user.
    """

    model: ClipModel
    name: str
    decoder: Decoder | None
    samples: HardNegativeDataset
    validation: HardNegativeDataset | None
    content: Json
    notes: tuple[str, ...]


def prepare(
    settings: Settings,
    places: Places,
    *,
    weights: bool = True,
    report: Callable[[int], None] = lambda _num_rows: None,
) -> Prepared:
    """Load the model and open the data.

    `weights`: False skips the pretrained weights, for plans. `report` receives the number of rows
    just tokenized.

    Raises:
        UsageError: something does not fit.
    """
    config = settings.config
    rows = open_rows(places.shards, split=config.split)  # reports errors early
    if settings.objective.needs_negatives and not rows.types():
        raise no_negatives(settings, f"{places.shards} has none")
    draw = config.draw if config.draw is not None else _draw(config, rows)
    draw_of(draw, available=rows.types())
    if places.images is None:
        scenes_of(rows.manifest, where="without --images")
    name = matched_name(config.model, config.pretrained)
    model = initial_model(config, name=name, weights=weights)
    if settings.objective.needs_patches:
        model.require_patches()
    digest = digest_of(model.clip.state_dict()) if weights else ""
    if settings.lora.rank:
        generator = torch.Generator().manual_seed(seed_of(config.seed, "lora"))
        add_lora(
            model.clip, rank=settings.lora.rank, alpha=settings.lora.alpha, generator=generator
        )
    if settings.objective.needs_bias:  # after LoRA, which freezes everything else
        model.train_bias()
    if settings.frozen:
        model.freeze(settings.frozen)
    decoder = _decoder(settings)
    if decoder is not None:
        generator = torch.Generator().manual_seed(seed_of(config.seed, "prompt"))
        model.add_prompt(decoder.width, generator=generator)
    options = _data_options(settings, model, draw=draw, cache=places.cache)
    tokenize = tokenizer(name)
    ids = Tokenizer(encode=unpadded(tokenize), name=type(tokenize).__name__)

    def opened(split: str, *, evaluation: bool) -> HardNegativeDataset:
        chosen = replace(options, split=split, evaluation=evaluation)
        return first_then_others(
            lambda: HardNegativeDataset(
                places.shards,
                places.images,
                tokenizer=ids,
                target_tokenizer=None if decoder is None else decoder.tokenizer,
                options=chosen,
                report=report,
            )
        )

    samples = opened(config.split, evaluation=False)
    refuse_without_negatives(settings, samples)
    refuse_without_positives(settings, samples)
    validation, measured = measured_split(settings, rows, partial(opened, evaluation=True))
    digests = (each.rows.digest for each in (samples, validation) if each is not None)
    if not same_on_all_ranks(" ".join(digests)):
        raise UsageError("the processes see different shards or images; give all of them the same")
    return Prepared(
        model=model,
        name=name,
        decoder=decoder,
        samples=samples,
        validation=validation,
        content={
            **_content(settings, name=name, draw=draw, rows=samples.rows.digest, weights=digest),
            **({} if decoder is None else {"decoder": [decoder.name, digest_of(decoder.state())]}),
        },
        notes=notes_of(settings, name, model, samples) + ((measured,) if measured else ()),
    )


def _decoder(settings: Settings) -> Decoder | None:
    """Return the frozen text model, where a loss needs one."""
    place = settings.config.decoder
    if not settings.objective.needs_decoder:
        return None
    if place is None:
        raise UsageError(
            "the loss reconstruction needs a frozen text model to write with: give "
            "training.decoder=FOLDER, or a hub's name (google/t5-v1_1-large in READ-CLIP)"
        )
    return open_decoder(place)


def measured_split(
    settings: Settings, rows: Rows, opened: Callable[[str], HardNegativeDataset]
) -> tuple[HardNegativeDataset | None, str]:
    """Return the samples of the validation split, and notes on it.

    AUTO is the split with the trained one's name, apart from "train". If its images are missing,
    nothing is measured; for a split named by the user, that is an error.

    Raises:
        UsageError: the split named by the user cannot be used.
    """
    config = settings.config
    automatic = config.validation == AUTO
    split = _beside(config.split, rows.manifest.splits()) if automatic else config.validation
    if split is None:
        return None, ""
    try:
        samples = _shared(opened(split))
    except UsageError as error:
        if not automatic:
            raise
        return None, f"split {split} is not measured: {error}"
    size = min(settings.batch_size, len(samples) // num_ranks() * num_ranks())
    return samples, note_on_measured(samples, batch_size=size)


def note_on_measured(samples: HardNegativeDataset, *, batch_size: int) -> str:
    """Return a note on the measured split: how many captions, and why not all."""
    num_measured = len(samples) // batch_size * batch_size
    left_out = (
        (num_left_out(samples.rows), "whose images are missing"),
        (len(samples) - num_measured, "in the incomplete last batch"),
    )
    told = " and ".join(f"{count:,} {why}" for count, why in left_out if count)
    without = f", without {told}" if told else ""
    return (
        f"split {samples.rows.split} is measured with each checkpoint: "
        f"{counted(num_measured, 'caption')}{without}"
    )


def _shared(samples: HardNegativeDataset) -> HardNegativeDataset:
    """Return samples with at least one for each rank to measure."""
    if len(samples) < num_ranks():
        raise UsageError(
            f"split {samples.rows.split!r}: expected a caption for each of {num_ranks()} "
            f"processes, found {len(samples)}"
        )
    return samples


def _beside(split: str, splits: Collection[str]) -> str | None:
    names = [split.replace("train", name) for name in ("val", "validation", "valid", "dev")]
    return next((name for name in names if name != split and name in splits), None)


def initial_model(config: TrainingConfig, *, name: str, weights: bool = True) -> ClipModel:
    """Return a run's initial model; random weights are drawn from the seed."""
    if not weights and not name.startswith(IN_PLACE):
        check_weights(name, config.pretrained)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed_of(config.seed, "weights"))
        model = load_model(name, pretrained=config.pretrained, weights=weights)
    if config.pretrained or name.startswith(IN_PLACE):
        model.freeze_statistics()
    return model


def digest_of(state_dict: Mapping[str, Any]) -> str:
    """Return a hash of weights."""
    digest = hashlib.sha256()
    for name, tensor in sorted(state_dict.items()):
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        digest.update(tensor.detach().cpu().contiguous().flatten().view(torch.uint8).numpy())
    return digest.hexdigest()


def model_label(name: str) -> str:
    """Return a model's name without a local folder's path."""
    scheme, _, place = name.partition(":")
    return Path(place).name if scheme == "local-dir" else name


def _draw(config: TrainingConfig, rows: Rows) -> Mapping[str, int | str]:
    made = rows.manifest.config.get("negatives")
    made_with = made.get("preset") if isinstance(made, dict) else None
    return draw_for(config.preset, made_with=made_with, available=rows.types())


def _data_options(
    settings: Settings, model: ClipModel, *, draw: Mapping[str, int | str], cache: Path | None
) -> DataOptions:
    seen, config = model.preprocess, settings.config
    if seen.height != seen.width:
        raise UsageError(
            f"model {config.model}: expected square images, found {seen.height} x {seen.width}"
        )
    return DataOptions(
        draw=draw,
        seed=config.seed,
        size=seen.height,
        scale=config.crop,
        on_missing_image=config.on_missing_image,
        verify=settings.run.verify,
        cache=cache,
        columns=ImageColumns(image=config.image_column, key=config.image_key),
    )


def _content(
    settings: Settings, *, name: str, draw: Mapping[str, int | str], rows: str, weights: str
) -> Json:
    pretrained = settings.config.pretrained
    return {
        **settings.content(),
        "model": model_label(name),
        "pretrained": pretrained and base_name(pretrained),
        "draw": dict(draw),
        "rows": rows,
        "weights": weights,
    }
