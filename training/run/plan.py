"""The plan of a run: steps, tokens, memory. No image is decoded."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from torch import nn

from data.texts import counted
from training.batches.dataset import DrawnTexts, HardNegativeDataset
from training.batches.draw import describe
from training.batches.layout import Positives, lay_out
from training.batches.rows import num_left_out
from training.batches.sampler import Place, Sampler
from training.batches.tokens import Ids, num_cut
from training.config import Settings
from training.objective.gather import num_ranks
from training.run.start import Places, Prepared, prepare

_STEPS_LOOKED_AT: Final = 4
_MB: Final = 2**20

# Numbers saved for the backward pass per token and block, in widths, counted on ViT-B/32.
_KEPT: Final = 17.0
_KEPT_THRIFTY: Final = 11.0
_KEPT_CHECKPOINTED: Final = 1.5


@dataclass(frozen=True, kw_only=True, slots=True)
class Memory:
    """Approximate MB on one rank, without torch's own context and buffers.

    `activations`: saved for the backward pass; None for towers of unknown form.
    """

    weights: int
    gradients: int
    optimizer: int
    activations: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """Steps, tokens and memory.

    Attributes:
        model: with its variant.
        preset: its name.
        draw: places for negatives by type.
        parameters: of the model.
        trained: trained parameters, including LoRA's.
        captions: of the split, without those left out.
        left_out: captions whose image is missing.
        cut: negatives that equal their caption as token ids.
        left_over: captions of each epoch in the incomplete last batch, which is dropped.
        epochs: of the run.
        batch_size: captions per step, over all ranks.
        steps: of the whole run.
        negatives_per_caption: filled places of the draw per caption.
        tokens_per_step: of captions and negatives, over all ranks.
        encoded_per_step: positions that the text tower computes, shared prefixes once.
        padded_per_step: positions if every text were padded.
        memory_mb: of one rank.
        notes: notes for the user.
    """

    model: str
    preset: str
    draw: dict[str, int | str]
    parameters: int
    trained: int
    captions: int
    left_out: int
    cut: int
    left_over: int
    epochs: int
    batch_size: int
    steps: int
    negatives_per_caption: float
    tokens_per_step: int
    encoded_per_step: int
    padded_per_step: int | None
    memory_mb: Memory
    notes: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Texts:
    """Means over a few steps: tokens and negatives per step, computed positions per rank."""

    tokens: float
    negatives: float
    slots_of_part: float


def plan_of(settings: Settings, places: Places) -> Plan:
    """Return the plan of a run, without loading pretrained weights.

    Raises:
        UsageError: something does not fit.
    """
    prepared = prepare(settings, places, weights=False)
    samples, model = prepared.samples, prepared.model
    texts = _texts_of(samples, prepared, settings)
    num_micro_batches = settings.run.micro_batches * num_ranks()
    num_texts = settings.batch_size + texts.negatives
    length = model.form.context_length
    return Plan(
        model=prepared.name,
        preset=settings.config.preset,
        draw=dict(samples.options.draw),
        parameters=sum(p.numel() for p in model.parameters()),
        trained=sum(p.numel() for p in model.parameters() if p.requires_grad),
        captions=len(samples),
        left_out=num_left_out(samples.rows),
        cut=num_cut(samples.tokens),
        left_over=len(samples) % settings.batch_size,
        epochs=settings.epochs,
        batch_size=settings.batch_size,
        steps=_num_steps(samples, settings),
        negatives_per_caption=texts.negatives / settings.batch_size,
        tokens_per_step=round(texts.tokens),
        encoded_per_step=round(texts.slots_of_part * num_micro_batches),
        padded_per_step=None if length is None else round(num_texts * length),
        memory_mb=_memory(settings, prepared, slots_of_part=texts.slots_of_part),
        notes=prepared.notes,
    )


def describe_plan(plan: Plan) -> str:
    """Return a plan in a few lines."""
    memory = plan.memory_mb
    fixed = memory.weights + memory.gradients + memory.optimizer
    kept = "unknown" if memory.activations is None else f"about {memory.activations:,} MB"
    total = "" if memory.activations is None else f"; {fixed + memory.activations:,} MB in all"
    padded = (
        "" if plan.padded_per_step is None else f", {plan.padded_per_step:,} if they were padded"
    )
    draw = describe(plan.draw) or "none"
    return "\n".join([
        *plan.notes,
        f"model     {plan.model}: {plan.parameters:,} parameters, {plan.trained:,} trained",
        f"data      {counted(plan.captions, 'caption')}",
        f"negatives {draw}: {plan.negatives_per_caption:.2f} per caption",
        f"steps     {plan.steps:,} of {plan.batch_size:,} captions; epochs: {plan.epochs}",
        f"tokens    {plan.tokens_per_step:,} per step, {plan.encoded_per_step:,} to encode{padded}",
        (
            f"memory    weights {memory.weights:,} MB, gradients {memory.gradients:,} MB, "
            f"optimizer {memory.optimizer:,} MB, activations {kept}{total}"
        ),
    ])  # fmt: skip


def _num_steps(samples: HardNegativeDataset, settings: Settings) -> int:
    return len(_sampler(samples, settings, epochs=settings.epochs))


def _sampler(samples: HardNegativeDataset, settings: Settings, *, epochs: int) -> Sampler:
    return Sampler(
        size=len(samples),
        batch_size=settings.batch_size,
        epochs=epochs,
        start=samples.start(),
        num_ranks=num_ranks(),
        mix=samples.mix(settings.composites, batch_size=settings.batch_size),
    )


def _texts_of(samples: HardNegativeDataset, prepared: Prepared, settings: Settings) -> _Texts:
    """Draw and lay out the texts of a few steps, spread over the first epoch."""
    sampler = _sampler(samples, settings, epochs=1)
    positions = list(sampler.positions())
    looked_at = positions[:: max(1, len(positions) // _STEPS_LOOKED_AT)][:_STEPS_LOOKED_AT]
    tokens, negatives, slots = [], [], []
    for position in looked_at:
        places = sampler.places(position)
        part = places[: len(places) // settings.run.micro_batches]
        texts = [_ids(samples, place) for place in part]
        captions = [each.caption.tolist() for each in texts]
        found = _placed([each.negatives for each in texts])
        true = _placed([each.positives for each in texts])
        layout = lay_out(
            captions,
            [ids for _, ids in found],
            [place for place, _ in found],
            num_negatives=len(samples.draw),
            form=prepared.model.form,
            positives=Positives(
                [ids for _, ids in true], [place for place, _ in true], samples.num_positives
            ),
        )
        share = settings.batch_size / len(part)
        slots.append(layout.token_RS.numel())
        negatives.append(len(found) * share)
        drawn_tokens = sum(len(ids) for _, ids in [*found, *true])
        tokens.append((sum(map(len, captions)) + drawn_tokens) * share)
    return _Texts(
        tokens=float(np.mean(tokens)),
        negatives=float(np.mean(negatives)),
        slots_of_part=float(np.mean(slots)),
    )


def _placed(drawn: Sequence[Sequence[Ids | None]]) -> list[tuple[int, list[int]]]:
    """Return the existing texts, with their positions among those of all captions."""
    return [
        (row * len(texts) + place, ids.tolist())
        for row, texts in enumerate(drawn)
        for place, ids in enumerate(texts)
        if ids is not None
    ]


def _ids(samples: HardNegativeDataset, place: Place) -> DrawnTexts:
    row = samples.rows.place(place.number)
    return samples.texts(row, samples.rows.names(row).id, epoch=place.epoch)


def _memory(settings: Settings, prepared: Prepared, *, slots_of_part: float) -> Memory:
    model: Any = prepared.model
    sizes = [(p.numel(), p.requires_grad) for p in model.parameters()]
    parameters, trained = sum(n for n, _ in sizes), sum(n for n, is_on in sizes if is_on)
    is_half = settings.config.precision != "fp32"
    copies = (2 if is_half else 0) + (4 if settings.lora.rank else 0)  # autocast's, LoRA's sums
    copies += 4 if settings.objective.needs_teacher else 0
    images = settings.batch_size // num_ranks() // settings.run.micro_batches
    options = prepared.samples.options
    patch = getattr(model.clip.visual, "patch_size", None)
    visual = _shape_of(model.clip.visual)
    text = _shape_of(getattr(model.clip, "text", model.clip), without="visual")
    kept = None
    if visual is not None and text is not None and patch is not None:
        num_patches = (options.size // (patch[0] if isinstance(patch, tuple) else patch)) ** 2
        widths = ((images * (num_patches + 1), *visual), (slots_of_part, *text))
        kept = sum(_num_kept(settings, *shape) for shape in widths) * (2 if is_half else 4)
    decoder = prepared.decoder
    frozen = 0 if decoder is None else sum(each.nbytes for each in decoder.state().values())
    return Memory(
        weights=(parameters * (4 + copies) + frozen) // _MB,
        gradients=trained * 4 // _MB,
        optimizer=trained * 8 // _MB,
        activations=None if kept is None else round(kept / _MB),
    )


def _num_kept(settings: Settings, num_tokens: float, num_blocks: int, width: int) -> float:
    """Return how many numbers a tower saves for its backward pass."""
    one = num_tokens * width
    if settings.run.checkpointing:
        return one * (_KEPT_CHECKPOINTED * num_blocks + _KEPT)
    return one * num_blocks * (_KEPT if settings.run.compile else _KEPT_THRIFTY)


def _shape_of(tower: nn.Module, *, without: str | None = None) -> tuple[int, int] | None:
    """Return the number of blocks and the width of a transformer; None if it is not open_clip's."""
    found = [
        module
        for path, module in tower.named_modules()
        if isinstance(module, nn.MultiheadAttention) and path.partition(".")[0] != without
    ]
    return (len(found), found[0].embed_dim) if found else None
