"""Which rows of a table count: the latest version of each record, keys that clash, windows by their fingerprints."""
