"""A finished folder -> a data set on the Hub: its files, its card, one commit, a tag."""
