"""Measurements that the documents quote; each is a command: `python -m benchmarks.NAME --help`."""
