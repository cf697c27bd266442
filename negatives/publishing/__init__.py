"""A finished folder -> a data set of the Hub: its files, its card, one commit, a tag."""
