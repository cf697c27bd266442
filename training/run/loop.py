"""The loop: gradient, update, record, checkpoint, until the end or a signal to stop."""

import math
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final, cast

import torch
from torch import Tensor, nn
from torch.amp import GradScaler
from torch.optim import Optimizer

from data.commit import Json
from data.errors import UsageError
from training.batches.dataset import HardNegativeDataset
from training.batches.loader import Step, steps
from training.batches.sampler import Mix, Position, Sampler
from training.batches.workers import Workers
from training.config import Precision, Settings
from training.model.clip import ClipModel
from training.model.decoder import Decoder
from training.model.teacher import follow
from training.objective.gather import num_ranks
from training.objective.objective import Carried, Terms
from training.run.backward import backward
from training.run.checkpoint import Checkpoint, write
from training.run.logs import Listener, Meter
from training.run.measure import Measures, measure
from training.run.optimizer import learning_rate, update
from training.run.ranks import rank, seed_of
from training.run.stopping import Stopping

DTYPES: Final[dict[Precision, torch.dtype | None]] = {
    "bf16": torch.bfloat16,
    "fp16": torch.float16,
    "fp32": None,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class State:
    """The state of a run: updates done, position in the data, lowest validation loss so far."""

    step: int
    position: Position
    best: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """Everything that the loop uses.

    Attributes:
        model: what is trained.
        trained: the same, or what exchanges its gradients.
        teacher: the moving average of its weights, where a loss asks for one.
        decoder: the frozen text model, where a loss asks for one.
        carried: what losses carry from step to step.
        mix: how composites are mixed into batches, if they have a share of their own.
    """

    model: ClipModel
    trained: nn.Module
    teacher: ClipModel | None
    decoder: Decoder | None
    carried: Carried
    samples: HardNegativeDataset
    mix: Mix | None
    validation: HardNegativeDataset | None
    optimizer: Optimizer
    scaler: GradScaler
    device: torch.device
    settings: Settings
    content: Json
    folder: Path

    @property
    def steps_per_epoch(self) -> int:
        """Return the number of updates in an epoch."""
        return self.sampler(Position()).epoch_size // self.settings.batch_size

    @property
    def num_steps(self) -> int:
        """Return the number of updates of the whole run."""
        return self.settings.epochs * self.steps_per_epoch

    def sampler(self, start: Position) -> Sampler:
        """Return this rank's batches from a position on."""
        return Sampler(
            size=len(self.samples),
            batch_size=self.settings.batch_size,
            epochs=self.settings.epochs,
            start=start,
            rank=rank(),
            num_ranks=num_ranks(),
            mix=self.mix,
        )

    def rate(self, step: int) -> float:
        """Return the learning rate of a step."""
        options = self.settings.optimizer
        return learning_rate(
            step,
            num_steps=self.num_steps,
            warmup_steps=options.warmup_steps,
            peak=options.lr,
        )


def fit(  # noqa: PLR0913 - start, listeners, and end
    run: Run,
    state: State,
    *,
    listeners: tuple[Listener, ...] = (),
    stopping: Stopping | None = None,
    limit_steps: int | None = None,
    watch: Callable[[int, Step], None] = lambda _number, _step: None,
) -> tuple[State, int]:
    """Train from a state on; return the final state and the signal that stopped it, or 0.

    `limit_steps`: stop after this many steps. `watch` is called before every step.

    Raises:
        UsageError: an image cannot be read, or a loss is not finite.
    """
    stopping, meter, signal = stopping or Stopping(), Meter(run.device), 0
    last = run.num_steps if limit_steps is None else min(run.num_steps, state.step + limit_steps)
    checkpointed_at = state.step
    run.trained.train()
    with closing(_steps(run, state.position)) as all_steps:
        while state.step < last:
            step = stopping.unless_stopped(lambda: next(all_steps, None))
            signal = stopping.agreed()
            if signal or step is None:
                break
            watch(state.step, step)
            terms, norm = train_step(run, state.step, step)
            meter.add(step, terms, norm)
            state = replace(state, step=state.step + 1, position=step.position)
            due = state.step == last or _is_due(run, state)
            if due or state.step % run.settings.run.log_every == 0:
                log(run, state, meter, listeners)
            if due:
                state = validate_and_checkpoint(run, state, listeners, stopping)
                checkpointed_at = state.step
                meter.restart()
    if checkpointed_at < state.step:
        if meter.terms:
            log(run, state, meter, listeners)
        state = validate_and_checkpoint(run, state, listeners, stopping)
    return state, signal


def _steps(run: Run, start: Position) -> Generator[Step]:
    return steps(
        run.samples,
        run.sampler(start),
        workers=Workers(number=run.settings.run.workers),
        device=run.device,
        form=run.model.form,
        num_micro_batches=run.settings.run.micro_batches,
    )


def train_step(run: Run, number: int, step: Step) -> tuple[Terms, Tensor]:
    """Update the weights; return the terms, and the norm of the gradient."""
    torch.manual_seed(seed_of(run.settings.config.seed, "step", number, rank()))
    objective = run.settings.objective.at(number)
    terms = backward(
        run.trained,
        step.micro_batches,
        objective,
        teacher=run.teacher,
        decoder=run.decoder,
        carried=run.carried,
        precision=DTYPES[run.settings.config.precision],
        scaled=run.scaler.scale,
    )
    norm = update(
        run.optimizer,
        run.scaler,
        rate=run.rate(number),
        clip_norm=run.settings.optimizer.clip_norm,
    )
    if not run.settings.objective.needs_bias:  # a bias was learned together with its scale
        run.model.clamp_scale()
    if run.teacher is not None:
        follow(run.teacher, run.model, decay=run.settings.teacher.decay)
    return terms, norm


def _is_due(run: Run, state: State) -> bool:
    """Tell whether a checkpoint is due: after `save_every` steps, or after an epoch."""
    every = run.settings.run.save_every
    return state.position.seen == 0 if every is None else state.step % every == 0


def log(run: Run, state: State, meter: Meter, listeners: tuple[Listener, ...]) -> None:
    """Send listeners a record of the steps since the last one.

    Raises:
        UsageError: the loss or its gradient is not finite.
    """
    found = meter.record()
    where = {"step": state.step, "epoch": state.step / run.steps_per_epoch}
    record = {**where, "lr": run.rate(state.step - 1), **found}
    for listener in listeners:
        listener.note(record)
    spoiled = {"loss": "loss", "gradient_norm": "gradient"}
    if run.scaler.is_enabled():
        del spoiled["gradient_norm"]  # such steps are skipped
    for name, what in spoiled.items():
        if not math.isfinite(cast("float", found[name])):
            precision = run.settings.config.precision
            slower = f"training.optimizer.lr below {run.settings.optimizer.lr:g}"
            other = slower if precision == "fp32" else f"training.precision=fp32 or {slower}"
            raise UsageError(
                f"the {what} is not finite at step {state.step}, with {precision}; try "
                f"{other}, with another --out; earlier checkpoints are kept"
            )


def validate_and_checkpoint(
    run: Run, state: State, listeners: tuple[Listener, ...], stopping: Stopping
) -> State:
    """Measure the validation split, if any and no signal came, and write a checkpoint."""
    is_best = False
    found = _measure_validation(run, stopping)
    if found is not None:
        for listener in listeners:
            listener.note({"step": state.step, "validation": asdict(found)})
        if not math.isfinite(found.loss):
            raise UsageError(
                f"the loss on the validation split is not finite at step {state.step}; "
                "training.precision=fp32 may help; earlier checkpoints are kept"
            )
        is_best = state.best is None or found.loss < state.best
        state = replace(state, best=found.loss if is_best else state.best)
    if rank() == 0:
        checkpoint = Checkpoint(
            step=state.step,
            position=state.position.content(),
            state_dict=run.model.clip.state_dict(),
            optimizer=run.optimizer.state_dict(),
            scaler=run.scaler.state_dict(),
            config=run.content,
            quick_gelu=run.model.quick_gelu,
            best=state.best,
            teacher={} if run.teacher is None else run.teacher.clip.state_dict(),
            carried=run.carried,
            heads=run.model.heads.state_dict(),
        )
        with stopping.undisturbed():
            write(run.folder, checkpoint, keep=run.settings.run.keep, is_best=is_best)
    return state


def _measure_validation(run: Run, stopping: Stopping) -> Measures | None:
    if run.validation is None:
        return None
    return measure(
        run.model,
        run.validation,
        run.settings.objective,
        teacher=run.teacher,
        decoder=run.decoder,
        carried=run.carried,
        batch_size=run.settings.batch_size,
        device=run.device,
        precision=DTYPES[run.settings.config.precision],
        workers=run.settings.run.workers,
        stopping=stopping,
    )
