"""What a response means: a page or an error, and what the vendor says in it."""
