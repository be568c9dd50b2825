"""Scenes over HTTP: saved, run, looked into, and made of blueprints."""
