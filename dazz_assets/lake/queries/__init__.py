"""SQL over the lake, and tables read in Python, without the fields that are never shown."""
