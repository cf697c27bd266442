"""Less guessable subsets of published negatives."""
