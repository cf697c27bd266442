"""Composites: two captions in one text, two images in one picture, and what binds them falsely."""

from negatives.composing.run import ComposeOptions, compose

__all__ = ["ComposeOptions", "compose"]
