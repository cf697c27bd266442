"""One module a group of commands; each imports what is heavy inside the command."""
