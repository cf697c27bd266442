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
        data: what `World.shards` makes. natural: a preset of `negatives build`; composed: natural
            with composites; binding: of natural only the swaps and relations, and the captions that
            have any; statements: the generator's own statements on order and relation, each with a
            false one; statements by natural, by fsc-clip: the same captions with the negatives that
            these presets make of them, of natural only the swaps and relations.
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
        captions, _, _ = self.data.partition(" by ")
        return f"CLIP, {captions}"


def _alone(name: str, weight: float) -> Losses:
    """Return CLIP's loss and another, without regularization."""
    return ("clip", {"loss": name, "weight": weight, "gamma": 0.0, "beta": 0.0})


_WITH_POSITIVE: Final = {"any": 3, "positives": 1}
_APART: Final = ("clip", "global", "local", "intra_modal")
_ALIGNED: Final = ("clip", "global", "local", "paraphrase")


def _control(data: str) -> Method:
    return Method(name="CLIP", data=data, preset="clip", draw={})


def _main(data: str) -> tuple[Method, ...]:
    """Return the negatives in CLIP's own loss, in a loss of their own, and in FSC-CLIP's."""
    return (
        Method(name="NegCLIP", data=data, preset="negclip"),
        Method(name="global alone", data=data, losses=_alone("global", 1.0)),
        Method(name="FSC-CLIP", data=data),
    )


METHODS: Final = (
    _control("statements"),
    *_main("statements"),
    Method(name="half of global alone", data="statements", losses=_alone("global", 0.5)),
    Method(name="local alone", data="statements", losses=_alone("local", 0.2)),
    Method(name="FSC-CLIP + paraphrase", data="statements", losses=_ALIGNED, draw=_WITH_POSITIVE),
    Method(name="FSC-CLIP LoRA", data="statements", preset="fsc-clip-lora", lr=2e-3),
    Method(name="CE-CLIP", data="statements", preset="ce-clip"),
    Method(name="DeGLA", data="statements", preset="degla"),
    Method(name="READ-CLIP", data="statements", preset="read-clip", draw=_WITH_POSITIVE),
    Method(name="SPARCL", data="statements", preset="sparcl", draw=_WITH_POSITIVE),
    *_main("statements by natural"),
    Method(name="CE-CLIP", data="statements by natural", preset="ce-clip"),
    Method(name="FSC-CLIP + intra-modal", data="statements by natural", losses=_APART),
    *_main("statements by fsc-clip"),
    Method(name="CE-CLIP", data="statements by fsc-clip", preset="ce-clip"),
    _control("binding"),
    *_main("binding"),
    Method(name="CE-CLIP", data="binding", preset="ce-clip"),
    _control("natural"),
    *_main("natural"),
    _control("composed"),
    *_main("composed"),
)
