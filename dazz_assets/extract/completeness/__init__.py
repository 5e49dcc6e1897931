"""Whether a list is whole: what shows that records are missing, or gone."""
