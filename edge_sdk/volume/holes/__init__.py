"""Hole filling: PLUS's kernels."""
