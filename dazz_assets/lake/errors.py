"""What can go wrong with the lake."""


class LakeError(Exception):
    """Something about the lake that a person has to know: what happened, where, and what to do."""


class CommitRefused(LakeError):
    """A commit that would have broken a rule of the lake; nothing was written."""


class NoLake(LakeError):
    """The lake holds no table yet."""


class QueryError(LakeError):
    """A query that can't be answered: its syntax, a table that isn't there, a value of the wrong type."""
