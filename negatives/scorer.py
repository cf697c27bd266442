"""A causal language model as a scorer of a build: the second draw of a block's finalists.

Finalists are what the first draw and the guards let through; where the language model is the only
one, that is every alternative that no guard refuses (negatives/draws.py has the mathematics).
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal, Protocol

from data.records import Caption, Negative, Reject
from data.streams import Stream
from negatives.choose import Chooser, Chosen, Policy
from negatives.draws import second_draw
from negatives.fluency.neural import CausalModel, open_model, settled_device

_SHARE_OF_A_GPU = 0.25
_DECIMALS = 3  # of a ratio in nats: float32 is off by a tenth of that, from batch to batch


class Scorer(Protocol):
    """A model that compares texts."""

    def log_ratios(self, slots: Iterable[tuple[str, Sequence[str]]]) -> list[list[float]]:
        """Return log q(alternative) - log q(text) for the alternatives of each text."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ScorerOptions:
    """Which language model: `open_model` says what the fields mean."""

    model: str | None = None
    device: str = "auto"
    dtype: Literal["float32", "bfloat16"] = "float32"


def settled(options: ScorerOptions) -> ScorerOptions:
    """Return the options with the device that "auto" is on this machine."""
    return replace(options, device=settled_device(options.device))


def gpus_for_reading(options: ScorerOptions, policy: Policy) -> float:
    """Return the share of a GPU that a worker takes to choose: a scorer is small."""
    is_read_there = policy.reads() and settled_device(options.device).startswith("cuda")
    return _SHARE_OF_A_GPU if is_read_there else 0.0


def scorer_in(options: ScorerOptions) -> CausalModel:
    """Return this process's language model, loaded once.

    Raises:
        UsageError: a library, the device or the model is not to be had.
    """
    return _scorer_in(settled(options))


@lru_cache(maxsize=1)
def _scorer_in(options: ScorerOptions) -> CausalModel:
    return open_model(options.model, device=options.device, dtype=options.dtype)


def scorer_version(options: ScorerOptions, *, keep: bool) -> str:
    """Return the model's name and version, and on which kind of device its numbers are made.

    `keep`: whether it stays loaded; a driver of workers needs it no longer.

    Raises:
        UsageError: as `scorer_in`.
    """
    model = scorer_in(options)
    if not keep:
        _scorer_in.cache_clear()
    return f"{model.name} {model.version}, {model.network.device.type}"


def drawn_again(
    captions: Sequence[Caption], finalists: Sequence[Chosen], chooser: Chooser, scorer: Scorer
) -> list[Chosen]:
    """Return what a second draw leaves of the finalists of each caption.

    All are read together: in another batch a text's probability differs by rounding, so equal bytes
    ask for equal blocks.
    """
    slots = [
        (caption.text, [negative.text for negative in chosen.negatives])
        for caption, chosen in zip(captions, finalists, strict=True)
        if chosen.negatives
    ]
    ratios = iter(scorer.log_ratios(slots))
    return [
        _drawn_again(caption, chosen, next(ratios), chooser) if chosen.negatives else chosen
        for caption, chosen in zip(captions, finalists, strict=True)
    ]


def _drawn_again(
    caption: Caption, finalists: Chosen, ratios: Sequence[float], chooser: Chooser
) -> Chosen:
    """Keep of a caption's finalists those that the draw and the cap leave.

    The score of a negative stays that of the first draw. Where the language model is the only one,
    the score is the model's, and what is not kept "stays", as what a first draw leaves.
    """
    policy = chooser.policy
    is_alone = policy.weights == "neural"
    neural_gains = [round(ratio, _DECIMALS) for ratio in ratios]
    gains = [negative.score or 0.0 for negative in finalists.negatives]
    coins = second_draw(
        list(zip(gains, neural_gains, strict=True)),
        Stream(chooser.seed, caption.id, "second", "draw"),
        powers=policy.powers(),
        reach=policy.neural_reach,
    )
    negatives: list[Negative] = []
    rejects = list(finalists.rejects)
    fates: Counter[tuple[str, str]] = Counter()
    for negative, gain, is_kept in zip(finalists.negatives, neural_gains, coins, strict=True):
        if is_kept and len(negatives) != policy.max_negatives:
            negatives.append(negative._replace(score=gain) if is_alone else negative)
            continue
        fate = "cap" if is_kept else "stays" if is_alone else "second draw"
        fates[negative.rule, "accepted"] -= 1
        fates[negative.rule, fate] += 1
        if fate == "stays":
            continue
        rejects.append(
            Reject(
                caption.id,
                negative.rule,
                negative.type,
                negative.text,
                negative.edit,
                fate,
                negative.producer,
            )
        )
    fates.update(finalists.tally)
    return Chosen(tuple(negatives), tuple(rejects), +fates)
