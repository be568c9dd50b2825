"""Sans-IO protocols: bytes in, events out. Knows no things."""
