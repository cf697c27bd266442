"""The losses by name. A new one is a function, a row with its options, and a line here."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from training.objective.loss import BatchLoss, CaptionLoss
from training.objective.losses.contrastive import CLIP, NEGCLIP
from training.objective.losses.hard_negatives import GLOBAL, LOCAL

LOSSES: Final[Mapping[str, BatchLoss | CaptionLoss]] = MappingProxyType(
    {row.name: row for row in (CLIP, NEGCLIP, GLOBAL, LOCAL)}
)
