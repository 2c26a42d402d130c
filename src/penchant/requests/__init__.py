"""From plain language to what is wanted, and to the items that fit it."""
