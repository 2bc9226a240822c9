"""Live sweeps: frames of cameras and peers, poses of sensors, joined by time."""
