"""The live view and its WebSocket."""
