"""Captions -> hard-negative captions. This half imports `data`, never `training`.

from negatives import generate
for caption, negatives in generate(["A black dog chasing a white cat."]):
    print(caption, [negative.text for negative in negatives])
"""

from typing import TYPE_CHECKING

from negatives.neighbour import refuse_foreign_data

refuse_foreign_data()  # before anything imports it

if TYPE_CHECKING:
    from negatives.api import generate as generate

__all__ = ["generate"]


def __getattr__(name: str) -> object:
    """Open `generate` when it is asked for: it brings spaCy, which the command line need not."""
    if name == "generate":
        from negatives.api import generate  # noqa: PLC0415

        return generate
    raise AttributeError(f"module 'negatives' has no attribute {name!r}")
