"""A build: captions in, shards of negatives out. `line.py` is the way through it."""

from negatives.build.line import build

__all__ = ["build"]
