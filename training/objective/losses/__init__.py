"""The losses by name. A new one is a function, a row with its options, and a line here."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from training.objective.loss import BatchLoss, CaptionLoss, CarryingLoss
from training.objective.losses.contrastive import CLIP, NEGCLIP, SIGMOID
from training.objective.losses.hard_negatives import GLOBAL, LOCAL
from training.objective.losses.margins import INTRA_MODAL, MARGIN, RANKING
from training.objective.losses.positives import (
    ATTENDED_PHRASES,
    PARAPHRASE,
    PHRASES,
    SEPARATE_NEGATIVES,
    SEVERAL_CAPTIONS,
    TEXT_DISTANCE,
)
from training.objective.losses.teacher import DISTILLATION, TEXT_GROUNDED
from training.objective.losses.units import UNITS
from training.objective.losses.writing import RECONSTRUCTION

_ROWS: Final = (
    CLIP,
    NEGCLIP,
    SIGMOID,
    GLOBAL,
    LOCAL,
    INTRA_MODAL,
    RANKING,
    MARGIN,
    TEXT_GROUNDED,
    DISTILLATION,
    PARAPHRASE,
    RECONSTRUCTION,
    SEVERAL_CAPTIONS,
    SEPARATE_NEGATIVES,
    TEXT_DISTANCE,
    PHRASES,
    ATTENDED_PHRASES,
    UNITS,
)
LOSSES: Final[Mapping[str, BatchLoss | CaptionLoss | CarryingLoss]] = MappingProxyType(
    {row.name: row for row in _ROWS}
)
