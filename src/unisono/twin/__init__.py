"""Twins and the life of a command. Pure; time is passed in."""
