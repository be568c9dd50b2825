"""People over HTTP: who they are, and how they are told."""
