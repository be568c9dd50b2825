"""Alarms over HTTP: what stands, its definitions and its history."""
