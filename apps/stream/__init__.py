"""Tracked frames to a segmented volume while the sweep runs: source → synchroniser → compounder → segmenter → sinks."""
