"""Snyk's next links, which may lack the prefix of its API."""

from dataclasses import dataclass
from urllib.parse import unquote, urljoin, urlsplit, urlunsplit

from dazz_assets import NextLink


@dataclass(frozen=True)
class SnykLink(NextLink):
    """Follow the link at `path`. On `/rest/orgs/7/issues`, Snyk may link to `/orgs/7/issues?starting_after=...`.

    If the link's path is the requested path without its first segments, the requested path is used.
    """

    def resolve(self, link: str, requested: str) -> str:
        url = urljoin(requested, link.strip())
        target, base = urlsplit(url), urlsplit(requested)
        if (target.scheme, target.netloc) != (base.scheme, base.netloc) or not link.strip().startswith("/"):
            return url
        target_path, base_path = (unquote(parts.path).rstrip("/") for parts in (target, base))
        lacks_prefix = target_path and base_path.endswith(target_path)
        return urlunsplit(target._replace(path=base.path)) if lacks_prefix else url
