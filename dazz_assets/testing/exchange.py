"""One request with its response, as a readable JSON file.

The body of either stands in it as `body` where it is JSON: its own text, indented, every token as it was sent. Another
text is a string at `text`; `charset` says what it is sent in, where that is not UTF-8. Bytes that are no text are in
`base64`.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dazz_assets.http import Request, Response
from dazz_assets.http.paths import Document
from dazz_assets.testing.charsets import UTF_8, charset_of
from dazz_assets.testing.errors import RecordingError
from dazz_assets.testing.json_text import compact, indented


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request and its response, redacted; name: of its file, without the ending."""

    name: str
    request: Request
    response: Response


def text_of(exchange: Exchange) -> str:
    """The file's text."""
    request, response = exchange.request, exchange.response
    halves = {
        "request": _with_body(
            {"method": request.method, "url": request.url, "headers": dict(request.headers)}, request.body
        ),
        "response": _with_body({"status": response.status, "headers": dict(response.headers)}, response.body),
    }
    return indented("{" + ", ".join(f"{json.dumps(name)}: {half}" for name, half in halves.items()) + "}") + "\n"


def read(path: Path) -> Exchange:
    """The exchange of a file. Raises RecordingError, naming the file, where it is none."""
    text = path.read_text(encoding="utf-8")
    try:
        whole = json.loads(text)
        document = Document(text.encode())
        return Exchange(path.stem, _request(document, whole["request"]), _response(document, whole["response"]))
    except (ValueError, LookupError, TypeError) as error:
        what = f"it has no {error}" if isinstance(error, KeyError) else str(error)
        raise RecordingError(f"{path} is no recording of a request: {what}; correct it, or record again") from None


def _request(document: Document, half: Mapping[str, Any]) -> Request:
    body = _body(document, "request", half)
    return Request(half["url"], half["method"], headers=half["headers"], body=body)


def _response(document: Document, half: Mapping[str, Any]) -> Response:
    return Response(int(half["status"]), half["headers"], _body(document, "response", half) or b"")


def read_all(folder: Path) -> Iterator[Exchange]:
    """The exchanges of a folder, in the order of their names."""
    yield from (read(path) for path in sorted(folder.glob("*.json")))


def _with_body(half: Mapping[str, Any], body: bytes | None) -> str:
    """The text of one half of the file."""
    text = json.dumps(half, ensure_ascii=False)[:-1]
    return text + "}" if not body else f"{text}, {_members(body, half['headers'])}}}"


def _members(body: bytes, headers: Mapping[str, str]) -> str:
    charset = charset_of(body, headers)
    if charset is None:
        return f'"base64": {json.dumps(base64.b64encode(body).decode())}'
    in_charset = "" if charset == UTF_8 else f'"charset": {json.dumps(charset)}, '
    text = body.decode(charset)
    try:
        return f'{in_charset}"body": {compact(text)}'
    except ValueError:
        return f'{in_charset}"text": {json.dumps(text, ensure_ascii=False)}'


def _body(document: Document, half: str, given: Mapping[str, Any]) -> bytes | None:
    if "base64" in given:
        return base64.b64decode(given["base64"], validate=True)
    raw = document.find(f"{half}.body")
    text = compact(bytes(raw).decode()) if raw is not None else given.get("text")
    return None if text is None else str(text).encode(given.get("charset", UTF_8))
