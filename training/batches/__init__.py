"""Shards and images -> batches: rows, negatives that are drawn, images, tokens, their layout."""
