"""The `training` section of pipeline.yaml, as frozen dataclasses; null means the preset's value."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from data.commit import Json
from data.config import Positive, check_sections, parse_options, plain
from data.errors import UsageError
from data.texts import nearest
from training.batches.rows import OnMissing, Verify
from training.batches.sampler import Composites
from training.objective.objective import Objective
from training.objective.specs import objective_of, spec_of
from training.old_names import refuse_old_names
from training.presets import (
    IN_PLACE,
    PRESETS,
    PRETRAINED,
    Tower,
    backbone_of,
    placed,
    weights_named,
)

Precision = Literal["bf16", "fp16", "fp32"]
Frozen = Literal["none", "image", "text"]

AUTO: Final = "auto"


@dataclass(frozen=True, kw_only=True, slots=True)
class LoraOptions:
    """LoRA's rank (0 trains all weights) and alpha."""

    rank: int = 0
    alpha: float = 1.0


@dataclass(frozen=True, kw_only=True, slots=True)
class OptimizerOptions:
    """AdamW, its schedule and the maximum norm of a gradient (None: no clipping)."""

    lr: float = 5e-6
    betas: tuple[float, float] = (0.9, 0.98)
    eps: float = 1e-6
    weight_decay: float = 0.1
    warmup_steps: int = 50
    clip_norm: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class TeacherOptions:
    """The moving average of the weights that some losses compare the model with.

    `decay`: the share kept at each step; with 1 the teacher stays the initial model.
    """

    decay: float = 0.9996


@dataclass(frozen=True, kw_only=True, slots=True)
class RunOptions:
    """Options that change results only by rounding, and may differ when a run resumes.

    `device`: auto, cpu, cuda, ... `workers`: processes per rank that make batches. `micro_batches`:
    the number of parts in which a rank's captions go through the towers. `compile`: compile the
    towers' blocks. `checkpointing`: recompute blocks for the gradient. `log_every` and
    `save_every`: in steps; None: at the end of each epoch. `keep`: number of checkpoints.
    `listeners`: tensorboard, wandb, or user-defined classes, which receive every record
    (training.run.plugins). `tensorboard`: shorthand for that listener. `verify`: verify the shards.
    """

    device: str = "auto"
    workers: int = 2
    micro_batches: Positive = 1
    compile: bool = False
    checkpointing: bool = False
    log_every: Positive = 10
    save_every: Positive | None = None
    keep: Positive = 3
    tensorboard: bool = False
    listeners: tuple[str, ...] = ()
    verify: Verify = "quick"

    def listened_by(self) -> tuple[str, ...]:
        """Return the names of the listeners, without duplicates."""
        return tuple(
            dict.fromkeys((*(["tensorboard"] if self.tensorboard else []), *self.listeners))
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class TrainingConfig:
    """The user's options; None, and keys left out of a mapping, mean the preset's value.

    `pretrained`: a tag or a file; None: random weights. `images`: where --images is not given.
    `image_column`, `image_key`: of parquet images the column of the bytes, and that of the keys;
    None: the path beside the bytes, or the row's number. `validation`: a split that is measured
    whenever a checkpoint is written; AUTO: the one that goes with `split`, if it can be. `draw`:
    places for negatives by type, and `balance`. `batch_size`: captions a step of all ranks
    together. `composites`: their share of a batch, or `share`, `every` and `at` as Composites has
    them; None: the preset's, or as many as there are among the rows.
    `losses`: names, or mappings with `loss`, `weight` and the loss's own options
    (training.objective.losses). `frozen`: a tower that is not trained. `decoder`: a frozen text
    model of transformers, a folder or a hub's name, for losses that need one. `teacher`, `lora`,
    `optimizer`, `run`: as TeacherOptions, LoraOptions, OptimizerOptions and RunOptions have them.
    `crop`: the least and greatest share of an image that is seen.
    `evaluation`: as training.evaluation.config has it.
    """

    preset: str = "fsc-clip"
    model: str = "ViT-B-32"
    pretrained: str | None = PRETRAINED
    images: str | None = None
    image_column: str = "image"
    image_key: str | None = None
    split: str = "train"
    validation: str | None = AUTO
    draw: Mapping[str, int | str] | None = None
    composites: float | Mapping[str, Any] | None = None
    seed: int = 0
    epochs: Positive | None = None
    batch_size: Positive | None = None
    precision: Precision = "bf16"
    losses: tuple[str | Mapping[str, Any], ...] | None = None
    frozen: Frozen | None = None
    decoder: str | None = None
    teacher: Mapping[str, Any] = field(default_factory=dict)
    lora: Mapping[str, Any] = field(default_factory=dict)
    optimizer: Mapping[str, Any] = field(default_factory=dict)
    crop: tuple[float, float] = (0.9, 1.0)
    on_missing_image: OnMissing = "error"
    run: Mapping[str, Any] = field(default_factory=dict)
    evaluation: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """A checked configuration; the preset is resolved, except `draw` (`draw_for`)."""

    config: TrainingConfig
    epochs: int
    batch_size: int
    composites: Composites | None
    objective: Objective
    frozen: Tower | None
    teacher: TeacherOptions
    lora: LoraOptions
    optimizer: OptimizerOptions
    run: RunOptions

    def content(self) -> Json:
        """Return everything that affects the weights; a different content is a different run."""
        config = {name: v for name, v in plain(self.config).items() if name not in _ELSEWHERE}
        del config["composites"]
        if self.composites is not None:
            share, turns = self.composites.share, self.composites.every > 1
            config["composites"] = plain(self.composites) if turns else share
        return {
            **config,
            **({"frozen": self.frozen} if self.frozen else {}),
            **({"teacher": plain(self.teacher)} if self.objective.needs_teacher else {}),
            "epochs": self.epochs,
            "batch_size": self.batch_size,
            "losses": spec_of(self.objective),
            "lora": plain(self.lora),
            "optimizer": plain(self.optimizer),
            "validation": None,
            "run": None,
            "images": None,
            "evaluation": None,
        }


def settings_of(sections: Mapping[str, Any]) -> Settings:
    """Return the checked configuration of the sections of a pipeline.yaml.

    Raises:
        UsageError: a section, option, preset or value is unknown.
    """
    check_sections(sections)
    section = dict(sections.get("training") or {})
    if isinstance(section.get("model"), str):
        section["model"] = placed(section["model"])
    if str(section.get("model")).startswith(IN_PLACE):
        section.setdefault("pretrained", None)
    if isinstance(section.get("pretrained"), str):
        where, text = "training.pretrained", section["pretrained"]
        section["pretrained"] = weights_named(text, where=where, none="null")
    refuse_old_names(section)
    config = parse_options(TrainingConfig, section, where="training")
    if config.preset not in PRESETS:
        raise UsageError(
            f"training.preset: unknown {config.preset!r}; {nearest(config.preset, PRESETS)}"
        )
    preset, backbone = PRESETS[config.preset], backbone_of(config.model)
    settings = Settings(
        config=config,
        epochs=config.epochs or preset.epochs,
        batch_size=config.batch_size or preset.batch_size or backbone.batch_size,
        composites=_composites(
            preset.composites if config.composites is None else config.composites
        ),
        objective=objective_of(
            preset.losses if config.losses is None else config.losses,
            weights=backbone.weights,
            where="training.losses",
        ),
        frozen=preset.frozen if config.frozen is None else _tower(config.frozen),
        teacher=parse_options(TeacherOptions, _given(config.teacher), where="training.teacher"),
        lora=parse_options(
            LoraOptions, {"rank": preset.rank} | _given(config.lora), where="training.lora"
        ),
        optimizer=parse_options(
            OptimizerOptions,
            {"lr": preset.lr} | _given(config.optimizer),
            where="training.optimizer",
        ),
        run=parse_options(RunOptions, _given(config.run), where="training.run"),
    )
    _check(settings)
    return settings


def _composites(wanted: float | Mapping[str, Any] | None) -> Composites | None:
    if wanted is None:
        return None
    options = wanted if isinstance(wanted, Mapping) else {"share": wanted}
    found = parse_options(Composites, _given(options), where="training.composites")
    found.check("training.composites")
    return found


def _tower(frozen: Frozen) -> Tower | None:
    return None if frozen == "none" else frozen


def _given(options: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value is not None}


_ELSEWHERE: Final = {"image_column", "image_key", "frozen", "teacher", "decoder"}
_NOT_NEGATIVE: Final = "0 or more"
_POSITIVE: Final = "a positive number"


def _check(settings: Settings) -> None:
    """Raise UsageError for a number out of range."""
    lora, optimizer = settings.lora, settings.optimizer
    tells_captions_apart = any(
        not row.needs_negatives for row, _ in settings.objective.over_batch()
    )
    low, high = settings.config.crop
    checks = (
        ("lora.rank", lora.rank, lora.rank >= 0, _NOT_NEGATIVE),
        ("lora.alpha", lora.alpha, lora.alpha > 0, _POSITIVE),
        ("batch_size", settings.batch_size,
         settings.batch_size > 1 or not tells_captions_apart,
         "2 or more captions"),
        ("teacher.decay", settings.teacher.decay, 0 <= settings.teacher.decay <= 1, "0 to 1"),
        ("optimizer.lr", optimizer.lr, optimizer.lr > 0, _POSITIVE),
        ("optimizer.betas", optimizer.betas, all(0 <= b < 1 for b in optimizer.betas), "0 to 1"),
        ("optimizer.eps", optimizer.eps, optimizer.eps > 0, _POSITIVE),
        ("optimizer.weight_decay", optimizer.weight_decay, optimizer.weight_decay >= 0,
         _NOT_NEGATIVE),
        ("optimizer.warmup_steps", optimizer.warmup_steps, optimizer.warmup_steps >= 0,
         _NOT_NEGATIVE),
        ("optimizer.clip_norm", optimizer.clip_norm,
         optimizer.clip_norm is None or optimizer.clip_norm > 0, _POSITIVE),
        ("run.workers", settings.run.workers, settings.run.workers >= 0, _NOT_NEGATIVE),
        ("crop", settings.config.crop, 0 < low <= high <= 1, "shares in (0, 1], the smaller first"),
    )  # fmt: skip
    for name, found, fits, expected in checks:
        if not (fits and _is_finite(found)):
            raise UsageError(f"training.{name}: expected {expected}, found {found!r}")


def _is_finite(found: float | tuple[float, ...] | None) -> bool:
    return all(map(math.isfinite, found if isinstance(found, tuple) else (found or 0,)))
