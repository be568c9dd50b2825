"""Who may come in: sign-in, limits and growing delays, what was tried and why it failed."""
