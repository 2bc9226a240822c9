"""Pose sensors that live on a pseudo-terminal: what tests and trials connect to instead of hardware."""
