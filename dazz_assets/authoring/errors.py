"""What an author is told when an integration is wrong."""


class DefinitionError(Exception):
    """An integration's code has a mistake. The text names the class, the parameter and the fix."""
