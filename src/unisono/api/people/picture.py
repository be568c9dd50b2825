"""QR pictures of links and secrets that a phone shall read. Knows text and SVG; loads segno on use."""

from __future__ import annotations

__all__ = ["picture"]


def picture(text: str) -> str:
    """An SVG element to be put into a page."""
    import segno

    return str(segno.make_qr(text, error="m").svg_inline(scale=4, border=4))
