"""Dialects at a gateway: a translator stands between a client and the log, for the clients that need one."""

from unisono.gateway.speaking.bridge import Bridges
from unisono.gateway.speaking.line import LineHost, open_line

__all__ = ["Bridges", "LineHost", "open_line"]
