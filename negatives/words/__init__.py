"""What is known of words: forms, senses, sounds, classes; and the compiler of their tables."""
