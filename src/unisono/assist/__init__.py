"""Text to a checked plan. Pure; the speaker's rights are passed in."""
