"""Who asks: how requests are signed, tokens that are fetched and renewed, several tokens of one connection."""
