"""Things over HTTP: added, looked at, changed; their models, histories and definitions."""
