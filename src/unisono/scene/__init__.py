"""Triggers, conditions, actions. Pure; time is passed in."""
