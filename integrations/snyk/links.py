"""Snyk's next links, which may lack the prefix of its API, and may lead to their own page."""

from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote, urljoin, urlsplit, urlunsplit

from dazz_assets import Last, NextLink, Page, Request

_Address = tuple[str, str, tuple[tuple[str, str], ...]]


@dataclass(frozen=True)
class SnykLink(NextLink):
    """Follow the link at `path`. On `/rest/orgs/7/issues`, Snyk may link to `/orgs/7/issues?starting_after=...`.

    If the link's path is the requested path without its first segments, the requested path is used. A link to its own
    page, which `links.self` names too, is one of the last page.
    """

    def next(self, request: Request, page: Page, received: int) -> Request | Last:
        following = super().next(request, page, received)
        if isinstance(following, Last):
            return following
        own = {_address(request.full_address()), *self._links_to_self(request, page)}
        return Last("a next link that leads to its own page") if _address(following.url) in own else following

    def resolve(self, link: str, requested: str) -> str:
        url = urljoin(requested, link.strip())
        target, base = urlsplit(url), urlsplit(requested)
        if (target.scheme, target.netloc) != (base.scheme, base.netloc) or not link.strip().startswith("/"):
            return url
        target_path, base_path = (unquote(parts.path).rstrip("/") for parts in (target, base))
        lacks_prefix = target_path and base_path.endswith(target_path)
        return urlunsplit(target._replace(path=base.path)) if lacks_prefix else url

    def _links_to_self(self, request: Request, page: Page) -> list[_Address]:
        link = page.value("links.self")
        if isinstance(link, str) and link.strip():
            with suppress(ValueError):
                return [_address(self.resolve(link, request.url))]
        return []


def _address(url: str) -> _Address:
    """What is the same for one page: the order of parameters may differ, and how they are escaped."""
    parts = urlsplit(url)
    return parts.netloc, unquote(parts.path), tuple(sorted(parse_qsl(parts.query, keep_blank_values=True)))
