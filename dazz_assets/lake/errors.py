"""Errors that the lake raises."""


class LakeError(Exception):
    """A problem with the lake that a person has to solve. The text says what happened, where, and what to do."""


class CommitRefusedError(LakeError):
    """A commit would have broken a rule of the lake; nothing was written."""


class NoLakeError(LakeError):
    """The lake holds no table yet."""


class QueryError(LakeError):
    """A query can't be answered: its syntax is wrong, a table doesn't exist, or a value has the wrong type."""
