"""Scenes at work: compiled, triggered, run step by step."""
