"""The rows of the study: which losses on which data, and which control each is held to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

COMPOSITES: Final = 0.25
"""The share of a batch that composites have where the data have any."""

Losses = Sequence[str | Mapping[str, Any]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Method:
    """A row of the table.

    Attributes:
        name: what it is called in the table, beside the data.
        data: natural or fsc-clip, presets of `negatives build`; composed: natural with composites;
            binding: of natural only the swaps and relations, and the captions that have any;
            statements: the generator's own statements on order and relation, each with a false one.
        preset: of `train`.
        draw: negatives and positives a caption; None: the preset's, for its own shards.
        losses: in place of the preset's.
        lr: the peak learning rate.
    """

    name: str
    data: str = "natural"
    preset: str = "fsc-clip"
    draw: Mapping[str, int | str] | None = field(default_factory=lambda: {"any": 3})
    losses: Losses | None = None
    lr: float = 1e-3

    @property
    def label(self) -> str:
        """Return the row's name in the table."""
        return f"{self.name}, {self.data}"

    @property
    def control(self) -> str:
        """Return the label of the row with the same captions and steps, without negatives."""
        return f"CLIP, {'natural' if self.data == 'fsc-clip' else self.data}"


def _alone(name: str, weight: float) -> Losses:
    """Return CLIP's loss and another, without regularization."""
    return ("clip", {"loss": name, "weight": weight, "gamma": 0.0, "beta": 0.0})


_WITH_POSITIVE: Final = {"any": 3, "positives": 1}
_ALIGNED: Final = ("clip", "global", "local", "paraphrase")


def _of_each_loss(data: str) -> tuple[Method, ...]:
    """Return the control and the losses that FSC-CLIP is made of, each alone and together."""
    return (
        Method(name="CLIP", data=data, preset="clip", draw={}),
        Method(name="NegCLIP", data=data, preset="negclip"),
        Method(name="global alone", data=data, losses=_alone("global", 1.0)),
        Method(name="half of global alone", data=data, losses=_alone("global", 0.5)),
        Method(name="local alone", data=data, losses=_alone("local", 0.2)),
        Method(name="FSC-CLIP", data=data),
    )


METHODS: Final = (
    *_of_each_loss("statements"),
    *_of_each_loss("binding"),
    *_of_each_loss("natural"),
    Method(name="FSC-CLIP LoRA", preset="fsc-clip-lora", lr=2e-3),
    Method(name="CE-CLIP", preset="ce-clip"),
    Method(name="DeGLA", preset="degla"),
    Method(name="READ-CLIP", preset="read-clip", draw=_WITH_POSITIVE),
    Method(name="SPARCL", preset="sparcl", draw=_WITH_POSITIVE),
    Method(name="NegCLIP", data="fsc-clip", preset="negclip"),
    Method(name="global alone", data="fsc-clip", losses=_alone("global", 1.0)),
    Method(name="FSC-CLIP", data="fsc-clip", draw=None),
    Method(name="CLIP", data="composed", preset="clip", draw={}),
    Method(name="global alone", data="composed", losses=_alone("global", 1.0)),
    Method(name="FSC-CLIP", data="composed"),
    Method(name="FSC-CLIP + paraphrase", data="composed", losses=_ALIGNED, draw=_WITH_POSITIVE),
)
