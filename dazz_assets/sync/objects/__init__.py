"""Parsing: typed records from raw, objects into files, and what is published of them."""
