"""Simulated tracked sweeps of a speckle phantom whose labels are known."""
