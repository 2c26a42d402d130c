"""Cleaning: one file a step; each change is a counted line of the report."""
