"""From a ranked list to a better list: pure functions."""
