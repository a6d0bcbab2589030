"""Side-by-side measurements: ours against what one would take instead, ratios from one run."""
