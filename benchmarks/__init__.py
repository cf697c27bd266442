"""Measurements that the documents quote, each a command: `python -m benchmarks.NAME --help`."""
