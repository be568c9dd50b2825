"""Code that goes out to devices that do not come to us."""
