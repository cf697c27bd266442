"""`losses` as a user writes them -> an objective, and back."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

from data.commit import Json
from data.config import parse_options
from data.errors import UsageError
from data.texts import nearest
from training.objective.losses import LOSSES
from training.objective.objective import Objective, WeightedLoss

_NO_WEIGHTS: Mapping[str, float] = {}
_MOST_STEPS: Final = 16


def objective_of(
    specs: Sequence[object], *, weights: Mapping[str, float] = _NO_WEIGHTS, where: str = "losses"
) -> Objective:
    """Return the objective of a list of names and of `{loss: NAME, weight: X, ...}`.

    `every` and `at` say at which steps a loss counts (`WeightedLoss`). `weights`: by name, for
    entries without one; otherwise the table's default holds.

    Raises:
        UsageError: a loss or an option is unknown or has a wrong type, a loss occurs twice, or some
            steps have no loss.
    """
    if not isinstance(specs, list | tuple) or not specs:
        raise UsageError(f"{where}: expected a list such as [{', '.join(LOSSES)}], found {specs!r}")
    losses = tuple(_weighted(spec, weights=weights, where=where) for spec in specs)
    names = [each.loss for each in losses]
    for name in dict.fromkeys(names):
        if names.count(name) > 1:
            raise UsageError(f"{where}: expected each loss once, found {name!r} twice")
    objective = Objective(losses)
    for step in range(math.lcm(*(each.every for each in losses))):
        if not objective.at(step).losses:
            raise UsageError(
                f"{where}: expected a loss for each step, found none for step {step} (`every` and "
                "`at`); leave one of the losses without them"
            )
    return objective


def spec_of(objective: Objective) -> list[Json]:
    """Return an objective as a user would write it, in full."""
    return [
        {"loss": each.loss, "weight": each.weight, **_turn(each), **asdict(each.options)}
        for each in objective.losses
    ]


def _turn(each: WeightedLoss) -> Json:
    """Return the options for the steps at which a loss counts; {} if it counts at all of them."""
    return {} if each.every == 1 else {"every": each.every, "at": each.at}


def _weighted(spec: object, *, weights: Mapping[str, float], where: str) -> WeightedLoss:
    given: dict[str, Any] = dict(spec) if isinstance(spec, Mapping) else {"loss": spec}
    name = given.pop("loss", None)
    if not isinstance(name, str) or name not in LOSSES:
        raise UsageError(
            f"{where}: expected {{loss: NAME, ...}}, found {spec!r}; {nearest(str(name), LOSSES)}"
        )
    row = LOSSES[name]
    given = {key: value for key, value in given.items() if value is not None}
    weight = given.pop("weight", weights.get(name, row.weight))
    is_number = isinstance(weight, int | float) and not isinstance(weight, bool)
    if not (is_number and 0 < weight < math.inf):
        raise UsageError(
            f"{where}.{name}.weight: expected a positive number, found {weight!r}; to do without "
            "a loss leave it out of the list"
        )
    every, at = given.pop("every", 1), given.pop("at", 0)
    are_numbers = all(type(number) is int for number in (every, at))
    if not (are_numbers and 1 <= every <= _MOST_STEPS and 0 <= at < every):
        raise UsageError(
            f"{where}.{name}: expected `every` of 1 to {_MOST_STEPS} steps and `at` from 0 to less "
            f"than that, found {every!r} and {at!r}"
        )
    options: Any = parse_options(row.options, given, where=f"{where}.{name}")
    if hasattr(options, "check"):
        options.check(f"{where}.{name}")
    return WeightedLoss(loss=name, weight=float(weight), options=options, every=every, at=at)
