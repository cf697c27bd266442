"""The rows of the table LOSSES."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor

from training.objective.features import Features


@dataclass(frozen=True)
class NoOptions:
    """The options of a loss that has none."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PerCaption:
    """The result of a loss for each caption.

    Attributes:
        loss_B: 0 for a caption that does not count.
        figures: further numbers for the log: name -> B numbers, 0 for a caption that does not
            count.
    """

    loss_B: Tensor
    figures: Mapping[str, Tensor] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Loss:
    """A row of the table.

    Attributes:
        name: its name in configurations and in the log.
        label: its name in the terminal.
        summary: what it does, in a few words, and its paper.
        options: a frozen dataclass, each field with a default; it may have a method `check`.
        weight: its default weight.
        needs_images: whether the image tower gets a gradient from it.
        needs_negatives: whether it uses negatives. Then only captions with a negative count,
            otherwise all.
        needs_positives: whether it uses positives (`positive_BQD`). Then only captions with a
            positive count.
        needs_pairs: whether the positive and the negative in the same place belong together.
        needs_tokens: whether it needs patches and tokens (`patch_BPD`, `token_BMD`, `path_TL`).
        needs_patches: whether it needs patches without tokens; a loss over the batch needs those of
            all ranks.
        needs_bias: whether it needs a model with a logit bias (`bias`), which is then trained.
        needs_teacher: whether it needs a teacher's features (`teacher_BD`, `teacher_TD`).
        needs_decoder: whether it needs a frozen decoder's output (`written`). It is then a mean
            over tokens.
    """

    name: str
    label: str
    summary: str
    options: type = NoOptions
    weight: float = 1.0
    needs_images: bool = True
    needs_negatives: bool = False
    needs_positives: bool = False
    needs_pairs: bool = False
    needs_tokens: bool = False
    needs_patches: bool = False
    needs_bias: bool = False
    needs_teacher: bool = False
    needs_decoder: bool = False


@dataclass(frozen=True, kw_only=True)
class BatchLoss(Loss):
    """A loss that compares the captions of a step with each other.

    `function` gets the features of all ranks' captions, without tokens, and returns a 0-d tensor,
    the same on every rank. With micro-batches it costs one more forward pass.
    """

    function: Callable[[Features, Any], Tensor]


@dataclass(frozen=True, kw_only=True)
class CarryingLoss(Loss):
    """A loss over the batch that carries numbers from one step to the next.

    Attributes:
        function: gets the input of a `BatchLoss` and the numbers of the last step; returns the loss
            and the new numbers, both the same on every rank.
        first: the numbers for the first step, from the options and the features.
        carries: the name of these numbers in the log: their mean is logged as NAME_CARRIES.
    """

    function: Callable[[Features, Any, Tensor], tuple[Tensor, Tensor]]
    first: Callable[[Any, Features], Tensor]
    carries: str


@dataclass(frozen=True, kw_only=True)
class CaptionLoss(Loss):
    """A loss that is a mean over captions, each computed independently.

    `function` gets the captions of one rank or of a micro-batch and returns a loss for each.
    """

    function: Callable[[Features, Any], PerCaption]
