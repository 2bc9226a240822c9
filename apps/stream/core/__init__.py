"""What every room of the stream stands on: settings, clock, phases, and what is shown of a running sweep."""
