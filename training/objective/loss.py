"""What a row of the table LOSSES is."""

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
    """What a loss finds for each caption of a view.

    Attributes:
        loss_B: 0 for a caption that does not count.
        figures: more for the log: name -> B numbers, 0 for a caption that does not count.
    """

    loss_B: Tensor
    figures: Mapping[str, Tensor] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Loss:
    """A row of the table.

    Attributes:
        name: in configurations, and of its term in the log.
        label: for people who watch a run.
        says: what it is, in a few words, with the paper that it is from.
        options: a frozen dataclass, each field with a default; it may have a method `check`.
        weight: where the user names none.
        needs_images: whether the image tower gets a gradient from it.
        needs_negatives: whether it is about negatives. The captions that count are then those that
            have one, otherwise all.
        needs_positives: whether it is about positives (`positive_BQD`). The captions that count are
            then those that have one.
        needs_pairs: whether the positive and the negative of each place belong together.
        needs_tokens: whether it needs patches and tokens (`patch_BPD`, `token_BMD`, `path_TL`).
        needs_patches: whether it needs patches without tokens; of all ranks' images, for a loss
            over the batch.
        needs_bias: whether it needs a model with a bias of its own (`bias`), which is then trained.
        needs_teacher: whether it needs a teacher's features (`teacher_BD`, `teacher_TD`).
        needs_decoder: whether it needs what a frozen decoder makes of captions (`written`). It is
            then a mean over tokens.
    """

    name: str
    label: str
    says: str
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
    """A loss that compares the captions of a step with one another.

    `function` sees the features of all ranks' captions, without tokens, and returns a 0-d tensor:
    the same on every rank. Micro-batches cost it one more forward pass.
    """

    function: Callable[[Features, Any], Tensor]


@dataclass(frozen=True, kw_only=True)
class CarryingLoss(Loss):
    """A loss over the batch that carries numbers from one step to the next.

    Attributes:
        function: sees what a `BatchLoss` sees and what the last step left; returns the loss and
            what it leaves, both the same on every rank.
        first: what the first step finds, given the options and the features it sees.
        carries: what these numbers are, in the log: their mean is logged as NAME_CARRIES.
    """

    function: Callable[[Features, Any, Tensor], tuple[Tensor, Tensor]]
    first: Callable[[Any, Features], Tensor]
    carries: str


@dataclass(frozen=True, kw_only=True)
class CaptionLoss(Loss):
    """A loss that is a mean over captions, each by itself.

    `function` sees those of one rank, or of a micro-batch, and returns a loss for each.
    """

    function: Callable[[Features, Any], PerCaption]
