"""The rows that a rank reads at each step, computed from the position alone.

The rows of step t are the next `batch_size` places of the epoch's order, for any number of ranks;
rank r takes the r-th of `num_ranks` equal slices. So a run resumes from a position on any number of
ranks and workers, without replaying earlier steps. The last incomplete batch of an epoch is
dropped; different rows are dropped in each epoch.

Composites may have a share of each batch, or of every other batch only. Captions and composites
then have separate orders: an epoch reads all captions once, while composites start over when all
have been read. If batches take turns, an epoch consists of whole rounds, so that a step's number
determines its turn.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields, replace
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from data.commit import Json
from data.errors import UsageError
from training.batches.order import Numbers, Order

MOST_TURNS: Final = 16
"""The largest value of `every`."""


class Place(NamedTuple):
    """A row's number and the epoch in which it is read."""

    epoch: int
    number: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Position:
    """A run's position in its data, which checkpoints store.

    `seen`: samples of this epoch that all ranks together have read. `rows` is the digest of the
    manifest and of the rows left out (`Rows.digest`).
    """

    epoch: int = 0
    seen: int = 0
    seed: int = 0
    rows: str = ""

    def content(self) -> Json:
        """Return the position as JSON."""
        return asdict(self)


def position_of(content: Json, *, rows: str, seed: int) -> Position:
    """Return the position that a checkpoint kept.

    Raises:
        UsageError: it belongs to other rows or another seed, or is not a position.
    """
    known = {field.name: content.get(field.name) for field in fields(Position)}
    types = {"epoch": int, "seen": int, "seed": int, "rows": str}
    is_whole = all(isinstance(known[name], kind) for name, kind in types.items())
    position = Position(**known)  # type: ignore[arg-type]  # used only if the types are right
    if not is_whole or position.epoch < 0 or position.seen < 0:
        raise UsageError(
            f"expected a position in the data with {', '.join(types)}; found {content}"
        )
    if position.rows != rows:
        raise UsageError(
            "the checkpoint was written for different rows: another manifest or split, or other "
            "images missing; give the same shards and images, or start from the beginning"
        )
    if position.seed != seed:
        raise UsageError(
            f"the checkpoint was written with seed {position.seed}, found {seed}; "
            "give the same seed, or start from the beginning"
        )
    return position


@dataclass(frozen=True, kw_only=True, slots=True)
class Composites:
    """The number of composites in a step.

    `share`: of a batch. They are in the batches of steps t with t mod `every` = `at`.
    """

    share: float = 1.0
    every: int = 1
    at: int = 0

    def check(self, where: str) -> None:
        """Raise UsageError for numbers out of range."""
        are_turns = 1 <= self.every <= MOST_TURNS and 0 <= self.at < self.every
        if not are_turns:
            raise UsageError(
                f"{where}: expected `every` of 1 to {MOST_TURNS} steps and `at` from 0 to less "
                f"than that, found {self.every} and {self.at}"
            )
        if not (0 <= self.share < 1 or (self.share == 1 and self.every > 1)):
            raise UsageError(
                f"{where}: expected a share from 0 to below 1, or 1 with `every` of 2 or more, "
                f"found {self.share}"
            )


class Mix(NamedTuple):
    """Captions and composites: the rows of each, and the number of composites in a batch.

    `every`, `at`: the batches that have composites, see `Composites`.
    """

    captions: Numbers
    composites: Numbers
    in_batch: int
    every: int = 1
    at: int = 0

    def captions_per_round(self, batch_size: int) -> int:
        """Return the number of captions that `every` steps read."""
        return self.every * batch_size - self.in_batch


def mix_of(is_composite: NDArray[np.bool_], *, wanted: Composites, batch_size: int) -> Mix:
    """Return how composites are mixed into batches.

    `is_composite`: for each row. The share is rounded to whole rows.

    Raises:
        UsageError: a number is out of range, or there are too few composites or captions.
    """
    where = "training.composites"
    wanted.check(where)
    composites, captions = np.flatnonzero(is_composite), np.flatnonzero(~is_composite)
    in_batch = round(wanted.share * batch_size)
    mix = Mix(captions, composites, in_batch, wanted.every, wanted.at)
    needed = mix.captions_per_round(batch_size)
    if in_batch and not len(composites):
        raise UsageError(
            f"{where}: found no composites in the shards; make some: `negatives compose OUT NEW`, "
            "`negatives merge OUT NEW BOTH`; or train without (training.composites=0)"
        )
    if not needed or len(captions) < needed:
        of = "a batch" if wanted.every == 1 else f"{wanted.every} batches"
        raise UsageError(
            f"{where}: expected at least {max(1, needed):,} captions beside the "
            f"{in_batch:,} composites of {of}, found {len(captions):,}"
        )
    return mix


@dataclass(frozen=True, kw_only=True, slots=True)
class Sampler:
    """The batches of one rank from `start` to the end of `epochs`, as lists of places.

    `size`: number of rows. `batch_size`: captions per step of all ranks together. `mix`: how
    composites are mixed in, if they have their own share. Serves as the `batch_sampler` of a torch
    DataLoader.
    """

    size: int
    batch_size: int
    epochs: int
    start: Position
    rank: int = 0
    num_ranks: int = 1
    mix: Mix | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.batch_size <= self.size:
            raise UsageError(
                f"batch size: expected 1 to {self.size}, the number of rows; found "
                f"{self.batch_size}; a smaller batch or more rows are needed"
            )
        if self.batch_size % self.num_ranks:
            raise UsageError(
                f"batch size: expected a multiple of the {self.num_ranks} ranks, found "
                f"{self.batch_size}"
            )

    def __len__(self) -> int:
        """Return the number of remaining steps."""
        epochs_after = self.epochs - self.start.epoch - 1
        if epochs_after < 0:
            return 0
        left = max(0, self.epoch_size - self.start.seen) // self.batch_size
        return left + epochs_after * (self.epoch_size // self.batch_size)

    @property
    def epoch_size(self) -> int:
        """Return the number of rows in an epoch, including composites."""
        if self.mix is None:
            return self.size
        return self._rounds(self.mix) * self.mix.every * self.batch_size

    def _rounds(self, mix: Mix) -> int:
        """Return how often each kind of batch has its turn in an epoch."""
        return len(mix.captions) // mix.captions_per_round(self.batch_size)

    def __iter__(self) -> Iterator[list[Place]]:
        for position in self.positions():
            yield self.places(position)

    def positions(self) -> Iterator[Position]:
        """Yield the position before each step."""
        position = self._whole(self.start)
        while position.epoch < self.epochs:
            yield position
            position = self.after(position)

    def after(self, position: Position) -> Position:
        """Return the position after the step at `position`."""
        return self._whole(replace(position, seen=position.seen + self.batch_size))

    def places(self, position: Position) -> list[Place]:
        """Return this rank's rows of the step at `position`."""
        share = self.batch_size // self.num_ranks
        first = position.seen + self.rank * share
        seen = np.arange(first, first + share)
        if self.mix is not None:
            return self._mixed(self.mix, position, seen)
        order = Order(size=self.size, seed=position.seed, epoch=position.epoch)
        return [Place(position.epoch, number) for number in order.at(seen).tolist()]

    def _mixed(self, mix: Mix, position: Position, seen: Numbers) -> list[Place]:
        """Return the rows at places of a step, with composites spread evenly among them."""
        step = position.seen // self.batch_size
        num_rounds, turn = divmod(step, mix.every)
        of_earlier_steps = (num_rounds + (turn > mix.at)) * mix.in_batch
        in_batch = mix.in_batch if turn == mix.at else 0
        place = seen - position.seen
        before = place * in_batch // self.batch_size
        is_composite = (place + 1) * in_batch // self.batch_size > before
        before += of_earlier_steps
        order = Order(size=len(mix.captions), seed=position.seed, epoch=position.epoch)
        numbers = mix.captions[order.at((seen - before)[~is_composite])]
        captions = iter([Place(position.epoch, number) for number in numbers.tolist()])
        of_earlier = position.epoch * self._rounds(mix) * mix.in_batch
        composites = iter(_in_rounds(mix.composites, of_earlier + before[is_composite], position))
        return [next(composites if each else captions) for each in is_composite.tolist()]

    def _whole(self, position: Position) -> Position:
        """Return the position of the next whole batch."""
        if position.seen + self.batch_size <= self.epoch_size:
            return position
        return replace(position, epoch=position.epoch + 1, seen=0)


def _in_rounds(numbers: Numbers, places: Numbers, position: Position) -> list[Place]:
    """Return the rows at places of an endless order: all rows, shuffled again in each pass."""
    epochs, offsets = np.divmod(places, len(numbers))
    found: list[Place] = []
    for epoch in np.unique(epochs).tolist():  # ascending, like the places
        order = Order(size=len(numbers), seed=position.seed, epoch=epoch)
        read = numbers[order.at(offsets[epochs == epoch])]
        found += [Place(epoch, number) for number in read.tolist()]
    return found
