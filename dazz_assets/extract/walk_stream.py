"""Begins a walk over a stream's pages, wherever they come from: from requests, or from an author's code."""

import threading
from collections.abc import Callable, Generator, Sequence

from dazz_assets.http import Request
from dazz_assets.http.client import Client
from dazz_assets.http.page import WalkedPage
from dazz_assets.http.paging.code_walk import Code, walk_code
from dazz_assets.http.paging.walk import walk
from dazz_assets.session import Session
from dazz_assets.spec.specs import StreamSpec


def walk_stream(
    session: Session,
    stream: StreamSpec,
    client: Client,
    request: Request,
    *,
    position: str | None = None,
    should_stop: Callable[[WalkedPage], str | None] | None = None,
    stop: threading.Event | None = None,
    concurrency: Callable[[], int] = lambda: 1,
) -> Generator[Sequence[WalkedPage]]:
    """The pages of a list of a stream, in batches, as `walk` has them. request: the first one, from `build_request`.

    After a failure of code that may pass, page number 1 comes anew, and all before it are void (see `walk_code`).

    Raises FetchError; BadConnection.
    """
    max_seconds = stream.max_time.total_seconds()
    if (pages := stream.pages) is None:
        return walk(
            client,
            request,
            paginator=stream.paginator,
            rules=stream.rules,
            position=position,
            should_stop=should_stop,
            max_pages=stream.max_pages,
            max_seconds=max_seconds,
            stop=stop,
            concurrency=concurrency,
        )
    sdk = session.sdk(client)
    return walk_code(
        client,
        request,
        Code(stream.code_name, pages, session.integration.error_response),
        lambda: pages(sdk, request.params),
        rules=stream.rules,
        should_stop=should_stop,
        max_pages=stream.max_pages,
        max_seconds=max_seconds,
        stop=stop,
    )
