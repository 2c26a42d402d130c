"""Many sources, one score."""
