"""The page that a running stream shows on a touch screen or a phone, and its health and metrics."""
