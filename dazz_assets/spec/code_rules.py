"""Checks of streams whose pages come from code, and of what their integration does for them."""

import inspect
from typing import Any

from dazz_assets.declare.integration import Integration
from dazz_assets.declare.stream import Stream
from dazz_assets.errors import DefinitionError
from dazz_assets.spec.settings import fact_streams

_OF_REQUESTS = ("base_url", "method", "headers", "body", "query", "variables", "paginator", "format", "budget")
"""Settings of a stream that say how a request is sent or its response is read, so that they do nothing for code."""
_SIGNATURE = "`@classmethod def pages(cls, client, params)`"


def has_pages(stream: type[Stream[Any]]) -> bool:
    """Whether a stream's pages come from code."""
    return "pages" in _overridden(stream, Stream)


def sends_requests(integration: type[Integration[Any]]) -> bool:
    """Whether a stream or a fact of an integration comes from requests of ours."""
    sources = [*integration.streams, *integration.facts.values()]
    return any(isinstance(source, str) or not has_pages(source) for source in sources)


def check_code(integration: type[Integration[Any]]) -> None:
    """Check where the pages of each stream come from, and that `connect` is there if code needs it.

    Raises DefinitionError.
    """
    where, streams = integration.__name__, [*integration.streams, *fact_streams(integration)]
    from_code = [stream for stream in streams if has_pages(stream)]
    for stream in streams:
        _check_origin(f"{where}: {stream.__name__}", stream)
    own = _overridden(integration, Integration)
    if from_code and "connect" not in own:
        raise DefinitionError(
            f"{where}: {from_code[0].__name__} has `pages`, which needs a client; make it in a method: "
            "`def connect(self)`, with what `self.config` says"
        )
    for name in ("connect", "error_response"):
        if name in own and not from_code:
            raise DefinitionError(
                f"{where}.{name} does nothing: it is for streams whose pages come from code, and no stream has a "
                "method `pages`; remove it"
            )
        if name in own and not inspect.isfunction(inspect.getattr_static(integration, name)):
            raise DefinitionError(f"{where}.{name} is not a plain method; write `def {name}(self, ...)`")
        if name in own and inspect.iscoroutinefunction(getattr(integration, name)):
            raise DefinitionError(f"{where}.{name} is async; remove `async`")
    if integration.auth is not None and not sends_requests(integration):
        raise DefinitionError(
            f"{where}: `auth` does nothing: all pages come from code, whose client `connect` makes; give the "
            "credentials to the client, and remove `auth`"
        )


def _check_origin(where: str, stream: type[Stream[Any]]) -> None:
    path = getattr(stream, "path", None)
    if not has_pages(stream):
        if path is None and getattr(stream, "query", None) is None:
            raise DefinitionError(
                f'{where} has no path; set it, for example `path = "/things"`, or for GraphQL a `query`, or where an '
                f"SDK lists its records, give it the method {_SIGNATURE}"
            )
        return
    if path is not None:
        raise DefinitionError(f"{where} has both `path` and `pages`; remove the one that its records don't come from")
    for name in _OF_REQUESTS:
        if any(name in vars(base) for base in stream.__mro__ if base is not Stream):
            raise DefinitionError(
                f"{where}: `{name}` does nothing: it is about requests, and the stream's pages come from code; remove "
                "it"
            )
    method = inspect.getattr_static(stream, "pages")
    if not isinstance(method, classmethod):
        raise DefinitionError(f"{where}.pages is not a class method; write {_SIGNATURE}")
    function = method.__func__
    if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
        raise DefinitionError(f"{where}.pages is async; remove `async`")
    try:
        inspect.signature(function).bind(stream, None, {})
    except TypeError:
        raise DefinitionError(f"{where}.pages can't be called with a client and params; write {_SIGNATURE}") from None


def _overridden(class_: type, base: type) -> set[str]:
    """The names that an author's class, or one of its bases, defines anew."""
    return {name for each in class_.__mro__ if not each.__module__.startswith("dazz_assets.") for name in vars(each)}
