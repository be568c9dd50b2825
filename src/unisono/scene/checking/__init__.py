"""Scenes looked through before they are saved: what cannot be, never happens or contradicts another."""
