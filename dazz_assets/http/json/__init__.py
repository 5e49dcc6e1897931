"""JSON as slices of a page's bytes: charsets and formats, values by path, and no Python object for a record."""
