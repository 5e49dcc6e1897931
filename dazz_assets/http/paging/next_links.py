"""Links to the next page: in a `Link` header, in a list of links, and the request that follows one."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlsplit, urlunsplit

import weblinking

from dazz_assets.http.errors import LinkError
from dazz_assets.http.page import Page, Request
from dazz_assets.http.paging.paging_names import is_blank, means_page_size, means_place, normalize
from dazz_assets.http.plain_urls import join_url
from dazz_assets.http.quotes import shorten

# A long word without a path or a query is a token and not a relative link.
_TOKEN = re.compile(r"[\w+=-]{12,}")
_NEXT_RELATION = re.compile(r"rel\*?\s*=[^,;]*\bnext([_ ]?page)?\b(?!-)", re.I)
# Names as `normalize` writes them: some vendors have `Rel` and `Href`.
_ADDRESSES = ("href", "url", "uri")
# Also the address of the registered relation: RFC 8288, section 2.1.2, has it for comparing.
_LEADS_ON = re.compile(r"(\S*/)?next([_-]?page)?")
_ADDRESS = re.compile(r"<[^>]*>")
_LONGEST_QUOTE = 60


def find_next_link(links: Sequence[Any]) -> str | None:
    """The address of the link in a list whose relation is `next`: `{"rel": "next", "href": "..."}`; else None."""
    for link in _plain_links(links):
        if any(_LEADS_ON.fullmatch(relation) for relation in _relations(link)):
            addresses = (link.get(name) for name in _ADDRESSES)
            return next((address for address in addresses if isinstance(address, str) and not is_blank(address)), None)
    return None


def are_links(links: Sequence[Any]) -> bool:
    """Whether a list has links that say what they lead to, each with its address where one is looked for."""
    related = [link for link in _plain_links(links) if any(_relations(link))]
    return bool(related) and all(any(name in link for name in _ADDRESSES) for link in related)


def _plain_links(links: Sequence[Any]) -> Iterator[Mapping[str, Any]]:
    """The links of a list, with their names as `normalize` writes them."""
    for link in links:
        if isinstance(link, Mapping):
            yield {normalize(str(name)): value for name, value in link.items()}


def _relations(link: Mapping[str, Any]) -> Iterator[str]:
    """The relations of a link: a text of one word or several, or a list, as in Siren."""
    for named in (link.get("rel"), link.get("relation")):
        for words in named if isinstance(named, list) else [named]:
            yield from words.lower().split() if isinstance(words, str) else ()


def find_header_link(page: Page) -> weblinking.Link | None:
    """The first link with `rel="next"` in the `Link` header (RFC 8288), or None. LinkError: it can't be read."""
    header = page.headers.get("link", "")
    links = weblinking.parse(header)
    if (found := next((link for link in links if link.has_rel("next")), None)) is not None:
        return found
    # The parser leaves out what is not written as the RFC says, which may be the link to the next page.
    if _NEXT_RELATION.search(_ADDRESS.sub("<>", header)):
        raise page.make_error(
            LinkError,
            f"the Link header can't be read: {shorten(header, _LONGEST_QUOTE)!r}.",
            'RFC 8288 has `<https://...>; rel="next"`: a paginator of your own can read what this vendor writes.',
        )
    return None


def has_relation(page: Page, relation: str) -> bool:
    """Whether a link in the `Link` header has a relation, and nothing says that none is there."""
    links = weblinking.parse(page.headers.get("link", ""))
    return any(link.has_rel(relation) and not says_nothing_follows(link) for link in links)


def says_nothing_follows(link: weblinking.Link) -> bool:
    """Whether a link's own attribute says that nothing is there, as `results="false"` does."""
    return (link.get("results") or "").lower() == "false"


def follow_link(
    page: Page, link: str, keep: Collection[str] = (), resolve: Callable[[str, str], str] | None = None
) -> Request:
    """The request for a link in a page (conformance 29, 48). LinkError: the link is not a URL.

    The link is followed as it is, but for an `&` that was escaped for HTML, and by https on the host that answered so.
    Of the parameters of the page's request only those in `keep` are sent along, unless the link has them.
    """
    link = link.replace("&amp;", "&")
    try:
        requested = page.final_url or page.request.url
        url = resolve(link, requested) if resolve is not None else join_url(requested, link)
        url = _keep_https(requested, url)
    except ValueError:
        raise _invalid_link_error(page, link) from None
    if _TOKEN.fullmatch(link.strip()):
        raise _invalid_link_error(page, link)
    if not keep:
        return replace(page.request, url=url, params={})
    in_link = {name for name, _ in parse_qsl(urlsplit(url).query, keep_blank_values=True)}
    sent = dict(parse_qsl(urlsplit(page.request.url).query, keep_blank_values=True)) | dict(page.request.params)
    params = {name: sent[name] for name in keep if name in sent and name not in in_link}
    return replace(page.request, url=url, params=params)


def _keep_https(requested: str, url: str) -> str:
    """The URL of a link, by https if it names http on the host that answered by https, where no secret may go.

    An API behind a proxy that ends TLS does not know that it is asked by https. Raises ValueError.
    """
    if not (requested.startswith("https:") and url.startswith("http:")):
        return url
    here, there = urlsplit(requested), urlsplit(url)
    is_same = here.hostname == there.hostname and there.port in (None, 80, here.port)
    return urlunsplit(there._replace(scheme="https", netloc=here.netloc)) if is_same else url


def find_left_out(request: Request, following: Request) -> list[str]:
    """The parameters of a request that a link leaves out which only counts on in the same list.

    A link with a token may stand for them. How many records a page has is no matter.
    """
    here, there = urlsplit(request.full_address()), urlsplit(following.full_address())
    sent, linked = (dict(parse_qsl(parts.query, keep_blank_values=True)) for parts in (here, there))
    changed = {normalize(name): value for name, value in linked.items() if sent.get(name) != value}
    counts = any(means_place(name) and value.isdecimal() for name, value in changed.items())
    if here[:3] != there[:3] or not counts or not all(map(_is_about_paging, changed)):
        return []
    return [name for name in sent if name not in linked and not _is_about_paging(normalize(name))]


def _is_about_paging(name: str) -> bool:
    return means_place(name) or means_page_size(name)


def _invalid_link_error(page: Page, link: str) -> LinkError:
    return page.make_error(
        LinkError,
        f"the next link is {shorten(link, _LONGEST_QUOTE)!r}, which is neither an absolute nor a relative URL.",
    )
