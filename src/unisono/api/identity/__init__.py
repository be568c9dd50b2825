"""How things and programs get in: the directory of sign-ins, credentials, claims, and who is connected."""
