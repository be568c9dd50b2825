"""Sentences over the API: understood, carried out as their speaker may, and answered in their language."""
