"""The HTTP server and what it shows without the API: pages, trust, answers to certificate authorities."""
