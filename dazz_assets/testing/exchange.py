"""One request with its response, as a readable JSON file.

The body of either stands in it as `body` where it is JSON: its own text, indented, every token as it was sent. Another
text is a string at `text`, and bytes that are no text are in `base64`.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dazz_assets.http.paths import Document
from dazz_assets.http.seam import Answered, Asked
from dazz_assets.testing.errors import RecordingError
from dazz_assets.testing.json_text import compact, indented


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request and its response, redacted; name: of its file, without the ending."""

    name: str
    asked: Asked
    answered: Answered


def text_of(exchange: Exchange) -> str:
    """The file's text."""
    asked, answered = exchange.asked, exchange.answered
    request = {"method": asked.method, "url": asked.url, "headers": dict(asked.headers)}
    response = {"status": answered.status, "headers": dict(answered.headers)}
    halves = {
        "request": _with_body(request, asked.body),
        "response": _with_body(response, answered.body),
    }
    return indented("{" + ", ".join(f"{json.dumps(name)}: {half}" for name, half in halves.items()) + "}") + "\n"


def read(path: Path) -> Exchange:
    """The exchange of a file. Raises RecordingError, naming the file, where it is none."""
    text = path.read_text(encoding="utf-8")
    try:
        whole = json.loads(text)
        document = Document(text.encode())
        request, response = whole["request"], whole["response"]
        asked = Asked(request["method"], request["url"], request["headers"], _body(document, "request", request))
        answered = Answered(int(response["status"]), response["headers"], _body(document, "response", response) or b"")
    except (ValueError, KeyError, TypeError) as error:
        what = f"it has no {error}" if isinstance(error, KeyError) else str(error)
        raise RecordingError(f"{path} is no recording of a request: {what}; correct it, or record again") from None
    return Exchange(path.stem, asked, answered)


def read_all(folder: Path) -> Iterator[Exchange]:
    """The exchanges of a folder, in the order of their names."""
    yield from (read(path) for path in sorted(folder.glob("*.json")))


def _with_body(half: Mapping[str, Any], body: bytes | None) -> str:
    """The text of one half of the file."""
    text = json.dumps(half, ensure_ascii=False)[:-1]
    return text + "}" if not body else f"{text}, {_member(body)}}}"


def _member(body: bytes) -> str:
    try:
        plain = body.decode()
    except UnicodeDecodeError:
        return f'"base64": {json.dumps(base64.b64encode(body).decode())}'
    try:
        return f'"body": {compact(plain)}'
    except ValueError:
        return f'"text": {json.dumps(plain, ensure_ascii=False)}'


def _body(document: Document, half: str, given: Mapping[str, Any]) -> bytes | None:
    raw = document.find(f"{half}.body")
    if raw is not None:
        return compact(bytes(raw).decode()).encode()
    if "text" in given:
        return str(given["text"]).encode()
    return base64.b64decode(given["base64"], validate=True) if "base64" in given else None
