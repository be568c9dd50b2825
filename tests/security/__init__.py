"""What a stranger, a page of somebody else, and each role can do to a hub: nothing that is not written here."""
