"""What outlives a connection: queues, packet ids, wills and retained messages, and the journal they are kept in."""
