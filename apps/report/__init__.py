"""Pieces that every report shares: the page, its style, and plots as inline SVG."""
