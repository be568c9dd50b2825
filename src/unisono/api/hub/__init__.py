"""The hub itself over HTTP: how it is, its figures, backups, first start and outlets."""
