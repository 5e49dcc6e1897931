"""Domain objects on their way into files: columns made at once, with functions made once a model."""
