"""Search of settings within a budget."""
