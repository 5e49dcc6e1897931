"""Fetches the facts of an integration: what a connection must know before it asks for anything else."""

from contextlib import closing
from dataclasses import replace
from typing import Any

from dazz_assets.extract.stream_requests import build_request
from dazz_assets.extract.walk_stream import walk_stream
from dazz_assets.http import Page, RecordsPathError
from dazz_assets.http.client import Client
from dazz_assets.http.json.json_slices import read_value
from dazz_assets.session import Session

FACTS = "facts-of-connection"
"""What requests for facts list, in recordings, each with its name. No stream can have this name."""
_SKIPPED_ADVICE = "Give the fact a Stream whose `accept` does not skip it, or grant what it needs."


def fetch_facts(session: Session, client: Client) -> None:
    """Fetch the facts of the integration, once in a session, in the order of their declaration.

    Raises FetchError; SyncError if a template names what an earlier one has not; BadConnection.
    """
    if session.facts.keys() == session.spec.facts.keys():
        return
    session.facts.clear()
    for name in session.spec.facts:
        session.facts[name] = fetch_fact(session, client, name)


def fetch_fact(session: Session, client: Client, name: str) -> Any:
    """The value of one fact. Raises as `fetch_facts`."""
    stream = session.spec.facts[name]
    request = replace(build_request(session, stream, [], None), source=(FACTS, name))
    if isinstance(session.spec.integration.facts[name], str):
        page = client.send(request, stream.rules)
        _require_answer(page)
        return page.value("")
    # Of a list, only the first record counts, so that its total says nothing.
    listed = replace(stream, total=None)
    with closing(walk_stream(session, listed, client, request, should_stop=lambda _: "a fact is one record")) as pages:
        (first,) = next(pages)
    _require_answer(first.page)
    if not first.records:
        raise first.page.make_error(
            RecordsPathError,
            f"the fact {name!r} of the integration is the first record of {stream.stream.__name__}, and there is none.",
        )
    return read_value(first.records[0])


def _require_answer(page: Page) -> None:
    """Raise RecordsPathError for a failure that `accept` takes for a page without records: a fact can't be left out."""
    if page.accepted_failure is not None:
        problem = f"a fact was not answered: {page.accepted_failure}"
        raise page.make_error(RecordsPathError, problem, advice=_SKIPPED_ADVICE)
