"""What a sweep leaves when it has ended."""
