"""Tracked frames to a segmented volume while the sweep runs: source → synchronizer → compounder → segmenter → sinks."""
