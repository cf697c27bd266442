"""A CLIP model, its weights, and the features that its towers give."""
