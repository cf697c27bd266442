"""What is on disk: the contract between generating negatives and training on them."""
