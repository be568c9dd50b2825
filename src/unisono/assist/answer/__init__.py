"""What is answered: figures of history, and sentences to be heard, in the language of who asked."""
