"""Tells what a redirect to the same list leaves out of a request, which then is not what was answered."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

from dazz_assets.http.page import Page


def describe_redirect(page: Page) -> str | None:
    """Say what of its request a page does not answer, as it was redirected; None if there is nothing to say.

    A redirect to another list, or to a file at another host, such as one that a job made, has parameters of its own.
    """
    if page.final_url == page.url:
        return None
    asked, answered = urlsplit(page.url), urlsplit(page.final_url)
    if _last_segment(asked.path) != _last_segment(answered.path):
        return None
    sent, kept = dict(parse_qsl(asked.query)), dict(parse_qsl(answered.query))
    has_own = bool(kept.keys() - sent.keys())
    if has_own and asked.netloc != answered.netloc:
        return None
    lost = [f"`{name}`" for name in sent if name not in kept]
    if page.lost_body and not has_own:
        lost.append("its body")
    changed = [f"`{name}`" for name in sent if name in kept and _is_other_number(sent[name], kept[name])]
    if not lost and not changed:
        return None
    faults = [f"without {', '.join(lost)}"] if lost else []
    faults += [f"with another {', '.join(changed)}"] if changed else []
    target = f"{answered.scheme}://{answered.netloc.rpartition('@')[2]}{answered.path}"
    return (
        f"the vendor redirects it to {target}, {' and '.join(faults)}, so it answers another question and records "
        "may be missing. Set base_url or the stream's path so that the address is the one it leads to."
    )


def _last_segment(path: str) -> str:
    return path.rstrip("/").rpartition("/")[2].partition(".")[0].lower()


def _is_other_number(sent: str, kept: str) -> bool:
    return sent != kept and sent.isdecimal() and kept.isdecimal()
