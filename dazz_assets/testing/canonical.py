"""Requests and responses as recordings have them: redacted, and without what is new in each run."""

from __future__ import annotations

from dazz_assets.authoring.spec import StreamSpec
from dazz_assets.http.seam import Answered, Asked
from dazz_assets.testing.charsets import LATIN_1, UTF_8, changed, charset_of
from dazz_assets.testing.json_text import compact, trimmed
from dazz_assets.testing.redaction import Redactor

# What requests and urllib3 add by themselves, and what says nothing of the request.
_OUR_HEADERS = frozenset(
    {"accept-encoding", "connection", "content-length", "cookie", "host", "transfer-encoding", "user-agent"}
)
# What the engine acts on, or a reader wants to know. The rest is new in each run, or nobody's business.
_THEIR_HEADERS = frozenset({"content-type", "deprecation", "link", "location", "sunset"})
_ON_REFUSAL = ("retry-after", "ratelimit", "rate-limit")


def asked_as_recorded(asked: Asked, redactor: Redactor) -> Asked:
    """A request as its file has it; the same for one that is recorded and one that is replayed."""
    redactor = redactor.for_requests
    headers = {name: value for name, value in asked.headers.items() if name.lower() not in _OUR_HEADERS}
    return Asked(
        asked.method.upper(),
        redactor.text(asked.url),
        dict(sorted(redactor.headers(headers).items())),
        None if not asked.body else changed(asked.body, asked.headers, lambda text: _text_as_recorded(text, redactor)),
        asked.source,
    )


def answered_as_recorded(
    answered: Answered, redactor: Redactor, stream: StreamSpec | None, records: int | None
) -> Answered:
    """A response as its file has it; of a stream's page so many records, or all."""
    is_refusal = answered.status >= 400
    headers = {name: value for name, value in answered.headers.items() if _is_kept(name.lower(), is_refusal=is_refusal)}
    return Answered(
        answered.status,
        dict(sorted(redactor.headers(headers).items())),
        _body_as_recorded(answered, redactor, stream, records),
    )


def _is_kept(name: str, *, is_refusal: bool) -> bool:
    # On a success the numbers of a rate limit are others in each run; on a refusal they say how long to wait.
    return name in _THEIR_HEADERS or (is_refusal and any(part in name for part in _ON_REFUSAL))


def _text_as_recorded(text: str, redactor: Redactor) -> str:
    try:
        return compact(redactor.json(text))
    except ValueError:
        return redactor.text(text)


def _body_as_recorded(answered: Answered, redactor: Redactor, stream: StreamSpec | None, records: int | None) -> bytes:
    body = changed(answered.body, answered.headers, lambda text: _page_as_recorded(text, redactor, stream, records))
    if charset_of(body, answered.headers) != LATIN_1:
        return body
    # What passes for Latin-1 may be UTF-8 that was cut within a letter.
    return redactor.text(body.decode(UTF_8, "surrogateescape")).encode(UTF_8, "surrogateescape")


def _page_as_recorded(text: str, redactor: Redactor, stream: StreamSpec | None, records: int | None) -> str:
    try:
        if stream is not None and records is not None:
            text = trimmed(text, stream.records, records)
        personal = stream.personal if stream is not None else ()
        return compact(redactor.json(text, personal, stream.records if stream is not None else ""))
    except ValueError:
        return redactor.text(text)
