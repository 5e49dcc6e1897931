"""Dagster, and only here: which assets there are, when they run, for which partition, and what they report."""
