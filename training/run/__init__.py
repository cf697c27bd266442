"""A run: its start, its loop, what it writes, and how it stops."""
