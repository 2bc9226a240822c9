"""A recording that is appended to while a sweep runs: its files, the recorder and the recovery after a crash."""
