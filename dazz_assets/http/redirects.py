"""Tells what a redirect to the same list leaves out of a request, which then is not what was answered."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

from dazz_assets.http.page import Page


def describe_redirect(page: Page) -> str | None:
    """Say what of its request a page does not answer, as it was redirected; None if there is nothing to say.

    A redirect to another list, such as to the file that a job made, has parameters of its own.
    """
    if page.final_url == page.url:
        return None
    asked, answered = urlsplit(page.url), urlsplit(page.final_url)
    if _last_segment(asked.path) != _last_segment(answered.path):
        return None
    sent, kept = dict(parse_qsl(asked.query)), dict(parse_qsl(answered.query))
    lost = [f"`{name}`" for name, value in sent.items() if name not in kept or _is_other_number(value, kept[name])]
    if page.lost_body and not kept.keys() - sent.keys():
        lost.append("its body")
    if not lost:
        return None
    target = f"{answered.scheme}://{answered.netloc.rpartition('@')[2]}{answered.path}"
    return (
        f"the vendor redirects it to {target}, without {', '.join(lost)}, so it answers another question and records "
        "may be missing. Set base_url or the stream's path so that the address is the one it leads to."
    )


def _last_segment(path: str) -> str:
    return path.rstrip("/").rpartition("/")[2].partition(".")[0].lower()


def _is_other_number(sent: str, kept: str) -> bool:
    return sent != kept and sent.isdecimal() and kept.isdecimal()
