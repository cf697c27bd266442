"""A build: captions in, shards of negatives out. `line.py` is the way through it."""

from negatives.building.line import build

__all__ = ["build"]
