"""Scenes tried out: a dry run now, or a scripted day in a home that is a file."""
