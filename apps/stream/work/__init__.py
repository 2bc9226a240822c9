"""What the stages do with frames: compound, segment, record."""
