"""Composites: two captions in one text, two images in one picture, and what binds them falsely."""
