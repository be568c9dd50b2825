"""What scenes look at: tests of values, conditions, windows, and the sources that set them off."""
