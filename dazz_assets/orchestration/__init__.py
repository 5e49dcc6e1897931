"""Everything that uses Dagster: the assets, when and for which partitions they run, and what they report."""
