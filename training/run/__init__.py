"""A run: its start, its loop, its output, and how it stops."""
