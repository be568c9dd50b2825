"""Device languages, one file or folder each. Pure: knows no sockets."""
