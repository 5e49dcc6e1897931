"""Calls an author's paginator. What goes wrong in it is told as a FetchError, with the class, the file and the line."""

from __future__ import annotations

import sysconfig
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from types import FunctionType, TracebackType
from typing import TypeVar

from dazz_assets.http.errors import FetchError, PaginatorError
from dazz_assets.http.page import Page, Request
from dazz_assets.http.paging.more import Last
from dazz_assets.http.paging.pagination import Paginator

_LIBRARY = Path(__file__).parents[1]
# An integration may be installed among the libraries too: then its own lines are found by leaving out only ours.
_LIBRARIES = (_LIBRARY, *(Path(sysconfig.get_path(name)) for name in ("stdlib", "purelib", "platlib")))

Result = TypeVar("Result")


def first_request(paginator: Paginator | None, request: Request) -> Request:
    """The request for the first page; the stream's own without a paginator. Raises FetchError."""
    if paginator is None:
        return request
    first = _call(paginator, "first", lambda: paginator.first(request))
    if not isinstance(first, Request):
        raise _mistake(paginator, "first", f"returned {_describe(first)}; return the Request for the first page")
    _check_request(paginator, "first", first)
    return first


def next_request(paginator: Paginator, request: Request, page: Page, received: int) -> Request | Last:
    """The request for the page after this one, or why there is none. received: its records. Raises FetchError."""
    following = _call(paginator, "next", lambda: paginator.next(request, page, received))
    if isinstance(following, Request):
        _check_request(paginator, "next", following)
        return following
    if not isinstance(following, Last):
        expected = "return the Request for the next page, or Last with the reason why there is none"
        raise _mistake(paginator, "next", f"returned {_describe(following)}; {expected}")
    if not isinstance(following.reason, str) or not following.reason:
        raise _mistake(paginator, "next", "returned a Last without a reason; say in a text why there is no next page")
    return following


def describe_exception(error: Exception, code: object) -> str:
    """What an author's code raised, and where: `raised KeyError (depot.py, line 12): 'range'`.

    code: the function that was called, which is the place where the exception names no line of the author's.
    """
    file, line = _find_place(error.__traceback__, code)
    return f"raised {type(error).__name__} ({Path(file).name}, line {line}): {error}"


def _find_place(trace: TracebackType | None, code: object) -> tuple[str, int | None]:
    """The last line of the author's: the mistake may show only in a call to a library, this one or another."""
    frames = traceback.extract_tb(trace)
    for libraries in (_LIBRARIES, (_LIBRARY,)):
        for frame in reversed(frames):
            if not any(library in Path(frame.filename).parents for library in libraries):
                return frame.filename, frame.lineno
    function = getattr(code, "__func__", code)
    if isinstance(function, FunctionType):
        return function.__code__.co_filename, function.__code__.co_firstlineno
    return frames[-1].filename, frames[-1].lineno


def _call(paginator: Paginator, method: str, call: Callable[[], Result]) -> Result:
    try:
        return call()
    except FetchError:
        raise
    except Exception as error:  # noqa: BLE001  (whatever the author's code raises)
        failed = _mistake(paginator, method, describe_exception(error, getattr(paginator, method)))
    raise failed  # Raised out here, so that it has no context that could hold a secret.


def _check_request(paginator: Paginator, method: str, request: Request) -> None:
    """Refuse a request that could not be sent or shown. Only an author's code makes one."""
    expected = {"url": str, "method": str, "params": Mapping, "headers": Mapping}
    for name, kind in expected.items():
        if not isinstance(value := getattr(request, name), kind):
            raise _mistake(paginator, method, f"returned a Request whose `{name}` is {_describe(value)}")


def _describe(value: object) -> str:
    return "None" if value is None else f"a {type(value).__name__}"


def _mistake(paginator: Paginator, method: str, problem: str) -> PaginatorError:
    return PaginatorError(f"{type(paginator).__name__}.{method} {problem.rstrip('.')}.")
