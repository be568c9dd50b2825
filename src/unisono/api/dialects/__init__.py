"""Dialects over HTTP and for gateways: what devices of other languages need of the hub."""
