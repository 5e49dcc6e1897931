"""Checks the stream of an integration that is tried first, as `dazz check` does."""

from dazz_assets.assistant.stream_checks import StreamCheck, check_streams
from dazz_assets.session import Session


def check_first(session: Session) -> StreamCheck:
    """How the check stream's first page went, or the fact or the ancestor that failed before it."""
    found = check_streams(session, [session.spec.check])
    return next((each for each in found if each.is_problem), None) or next(
        each for each in found if each.name == session.spec.check
    )
