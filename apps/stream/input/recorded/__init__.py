"""A recording as the stream's input."""
