"""Fakes and conformance classes that ship with the package."""
