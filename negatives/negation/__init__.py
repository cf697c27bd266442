"""True and false negation: what a caption's image has and has not, said in a clause of its own."""
