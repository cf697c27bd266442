"""A run from its start or its last checkpoint to its end."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import torch
from torch import nn
from torch.amp import GradScaler
from torch.nn.parallel import DistributedDataParallel

from data.commit import Json, write_atomically
from data.config import differences, plain
from data.errors import UsageError
from data.texts import one_line
from training.batches.loader import Step
from training.batches.workers import explaining_worker_deaths
from training.config import Settings
from training.model.teacher import teacher_of
from training.model.weights import load_into
from training.objective.gather import num_ranks
from training.run.checkpoint import latest, read
from training.run.logs import JsonLines, Listener
from training.run.loop import Run, State, fit
from training.run.optimizer import adamw
from training.run.plugins import listener
from training.run.ranks import device_of, meet, process_group, rank
from training.run.start import Places, Prepared, prepare
from training.run.stopping import noting_signals
from training.run.summary import write_summary

FILE: Final = "run.json"
_EVERY_S: Final = 10.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Ending:
    """How a call ended on this rank: updates done, the total, and the signal that stopped it."""

    step: int
    num_steps: int
    signal: int
    begun_at: int
    rank: int = 0


def train(  # noqa: PLR0913 - what to train, where, and whom to report to
    settings: Settings,
    places: Places,
    *,
    resume: bool = False,
    limit_steps: int | None = None,
    listener_of: Callable[[Run], Listener | None] = lambda _run: None,
    say: Callable[[str], None] = lambda _line: None,
    watch: Callable[[int, Step], None] = lambda _number, _step: None,
) -> Ending:
    """Train, writing checkpoints and a log to `places.out`.

    Args:
        settings: the configuration.
        places: shards, images and the run's folder.
        resume: continue from the last checkpoint in the folder, if there is one.
        limit_steps: stop after this many steps of this call.
        listener_of: makes another listener besides the log, on rank 0.
        say: receives notes for the user, on rank 0.
        watch: called before every step of this rank.

    Raises:
        UsageError: something does not fit, or the folder holds another run.
    """
    with noting_signals() as stopping, ExitStack() as stack:
        with stopping.at_once():  # there is nothing to save yet
            device = device_of(settings.run.device)
            stack.enter_context(process_group(device))
            says = say if rank() == 0 else lambda _line: None
            begun = _begun(places.out, resume=resume)
            prepared = prepare(settings, places, report=Counted(says).add)
            for note in prepared.notes:
                says(note)
            _claim(places.out, prepared, settings)
            run = assemble(settings, prepared, places.out, device=device)
            state = restored(run, begun)
            listeners = stack.enter_context(_listening(run, state, listener_of))
        with explaining_worker_deaths():
            ended, signal = fit(
                run,
                state,
                listeners=listeners,
                stopping=stopping,
                limit_steps=limit_steps,
                watch=watch,
            )
        if rank() == 0:
            write_summary(
                places.out,
                step=ended.step,
                num_steps=run.num_steps,
                signal=signal,
                settings=plain(settings.run),
            )
        meet()  # no rank leaves before the last checkpoint is written
        return Ending(
            step=ended.step,
            num_steps=run.num_steps,
            signal=signal,
            begun_at=state.step,
            rank=rank(),
        )


class Counted:
    """Reports every few seconds how many captions are tokenized, once per data set."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._num_rows = 0
        self._said = time.monotonic()

    def add(self, num_rows: int) -> None:
        """Add finished rows."""
        self._num_rows += num_rows
        if time.monotonic() - self._said >= _EVERY_S:
            self._said = time.monotonic()
            self._say(f"token ids of {self._num_rows:,} captions and their negatives")


def assemble(settings: Settings, prepared: Prepared, folder: Path, *, device: torch.device) -> Run:
    """Move the model to its device; add the optimizer and the exchange of gradients."""
    model, options = prepared.model.to(device), settings.run
    if options.checkpointing:
        model.clip.set_grad_checkpointing()
    model.recomputes = not (options.compile or options.checkpointing)
    if options.compile:
        for block in _blocks(model.clip):
            block.compile()
    teacher = teacher_of(model) if settings.objective.needs_teacher else None
    several = num_ranks() > 1
    return Run(
        model=model,
        trained=DistributedDataParallel(model) if several else model,
        teacher=teacher,
        decoder=prepared.decoder and prepared.decoder.to(device),
        carried={},
        samples=prepared.samples,
        mix=prepared.samples.mix(settings.composites, batch_size=settings.batch_size),
        validation=prepared.validation,
        optimizer=adamw(model, settings.optimizer),
        scaler=GradScaler(device.type, enabled=settings.config.precision == "fp16"),
        device=device,
        settings=settings,
        content=prepared.content,
        folder=folder,
    )


def restored(run: Run, path: Path | None) -> State:
    """Restore a run from its checkpoint; None: start at the beginning.

    Raises:
        UsageError: the checkpoint is damaged, or from another run.
    """
    if path is None:
        return State(step=0, position=run.samples.start())
    checkpoint = read(path)
    refuse_another(path, checkpoint.config, run.content)
    load_into(run.model.clip, checkpoint.state_dict, where=str(path))
    if run.model.heads:
        load_into(run.model.heads, checkpoint.heads, where=f"{path}, heads")
    if run.teacher is not None:
        load_into(run.teacher.clip, checkpoint.teacher, where=f"{path}, teacher")
    run.carried.update({name: each.to(run.device) for name, each in checkpoint.carried.items()})
    try:
        run.optimizer.load_state_dict(checkpoint.optimizer)
        run.scaler.load_state_dict(checkpoint.scaler)
    except (ValueError, KeyError, RuntimeError) as error:
        raise UsageError(
            f"{path}: the optimizer's state does not fit ({one_line(error)}); delete this "
            "checkpoint to resume from an earlier one"
        ) from error
    position = run.samples.resumed(checkpoint.position)
    return State(step=checkpoint.step, position=position, best=checkpoint.best)


def refuse_another(place: Path, before: Json, now: Json) -> None:
    """Raise UsageError, with the differences, if a folder's run has another content."""
    if "losses" not in before:
        raise UsageError(
            f"{place}: from a run of an earlier version with other names for its losses, "
            "which cannot resume; use another --out, with `train export` of it as --pretrained"
        )
    found = differences(before, now)
    if found:
        raise UsageError(
            f"{place}: from another run ({'; '.join(found)}); use the same options or another --out"
        )


def _begun(folder: Path, *, resume: bool) -> Path | None:
    """Return the checkpoint to resume from."""
    path = latest(folder)
    if path is not None and not resume:
        raise UsageError(
            f"{folder}: has a run with {path.stem}; continue it with --resume, or use another --out"
        )
    return path


def _claim(folder: Path, prepared: Prepared, settings: Settings) -> None:
    """Write run.json, or reject the folder of another run."""
    path = folder / FILE
    if path.exists():
        try:
            before: Any = json.loads(path.read_text(encoding="utf-8"))["config"]
        except (ValueError, KeyError, TypeError) as error:
            raise UsageError(f"{path}: damaged; use another --out") from error
        refuse_another(path, before, prepared.content)
    meet()
    if rank() == 0 and not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        manifest = prepared.samples.rows.manifest
        content = {
            "config": prepared.content,
            "model": prepared.name,  # with its full path, as the next line
            "pretrained": settings.config.pretrained,
            "source": manifest.source,
            "captions": len(prepared.samples),
            "torch": torch.__version__,
        }
        write_atomically(path, json.dumps(content, indent=1) + "\n")


@contextmanager
def _listening(
    run: Run, state: State, listener_of: Callable[[Run], Listener | None]
) -> Iterator[tuple[Listener, ...]]:
    """Within this context rank 0 has a log and the other listeners."""
    with ExitStack() as stack:
        listeners: list[Listener] = []
        if rank() == 0:
            makers: list[Callable[[], Listener | None]] = [
                lambda: JsonLines(run.folder, after_step=state.step),
                *(
                    partial(listener, name, run.folder, after_step=state.step, config=run.content)
                    for name in run.settings.run.listened_by()
                ),
                lambda: listener_of(run),
            ]
            for make in makers:
                if made := make():
                    listeners.append(made)
                    stack.callback(made.close)
        yield tuple(listeners)


def _blocks(clip: nn.Module) -> list[nn.Module]:
    """Return the transformer blocks of both towers: each kind of block is compiled once."""
    stacks = (nn.ModuleList, nn.Sequential)
    return [
        block
        for path, module in clip.named_modules()
        if isinstance(module, stacks)
        and path.rpartition(".")[2] in {"resblocks", "blocks", "layer"}
        for block in module
    ]
