"""Shards and images -> a fine-tuned CLIP. This half imports `data`, never `negatives`."""
