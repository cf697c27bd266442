"""What a model knows: benchmarks of composition, retrieval, zero-shot classification."""
