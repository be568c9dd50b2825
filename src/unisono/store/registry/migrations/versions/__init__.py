"""One file per version of the registry's schema, oldest first."""
