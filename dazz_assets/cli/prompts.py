"""What `dazz new` asks at a terminal, where flags leave something open."""

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from shlex import quote
from typing import Any

import typer

from dazz_assets.assistant.generate.proposal import AuthorChoices, NoProposalError, Proposal, propose
from dazz_assets.cli import new_flags
from dazz_assets.cli.exit_status import Refused, mask_secrets
from dazz_assets.cli.output import print_note
from dazz_assets.http import FetchError, Page

_FIELDS = {"records": "records", "key": "primary_key", "cursor": "cursor", "paginator": "paginator"}
_QUESTIONS = {
    "records": "Where in a page is the list of records (empty: the page is the list)",
    "key": "Which field tells records apart (several with commas)",
    "cursor": "Which field says when a record changed last (none: each sync fetches all)",
    "paginator": f"How is the next page asked for ({new_flags.PAGINATORS})",
}
_HOW_AUTHS_ARE_SAID = """\
  bearer              the token in the header Authorization, after the word Bearer
  header:NAME         the token as it is in a header of this name, as header:X-Api-Key
  header:NAME:FORMAT  the token in a text of that header, as header:Authorization:Token {config.token}
  param:NAME          the token in a parameter of the URL, as param:api_key
  basic               a user's name and password
  none                nothing"""
_CHECKS: Mapping[str, Callable[[str], object]] = {"key": new_flags.read_key, "paginator": new_flags.read_paginator}


def is_terminal() -> bool:
    """Whether there is someone to ask."""
    return sys.stdin.isatty() and sys.stdout.isatty()


@contextmanager
def keep_answers(vendor: str, flags: Mapping[str, str | None]) -> Iterator[None]:
    """Where what is done within fails, the command is told with the answers as flags: nothing is to be typed again."""
    given = dict(flags)
    try:
        yield
    except (Refused, FetchError):
        if flags != given:
            said = " ".join(f"{flag} {quote(text)}" for flag, text in flags.items() if text is not None)
            print_note(mask_secrets(f"\nTo go on from your answers:\n\n  dazz new {quote(vendor)} {said}\n"))
        raise


def ask_missing(flags: dict[str, str | None], check_auth: Callable[[str], object]) -> tuple[str, str, str]:
    """Base URL, auth and path, which there must be before a page can be fetched; answers are put into the flags.

    check_auth: what is asked of an auth before more is asked for. Raises Refused where nobody can be asked.
    """
    base_url, auth, path = flags["--base-url"], flags["--auth"], flags["--path"]
    if not is_terminal():
        missing = [flag for flag, given in (("--base-url", base_url), ("--path", path)) if given is None]
        if base_url is None or path is None:
            raise Refused(f"{' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing")
        return base_url, auth or "bearer", path
    if base_url is None:
        base_url = flags["--base-url"] = _ask(
            "Where is the API, as https://api.vendor.com", None, new_flags.read_base_url
        )
    if auth is None:
        print_note(_HOW_AUTHS_ARE_SAID)
        auth = flags["--auth"] = _ask("How do requests say who sends them", "bearer", new_flags.read_auth)
    check_auth(auth)
    if path is None:
        path = flags["--path"] = _ask(
            "Path of the first stream, as /v1/issues?limit=100", None, new_flags.read_api_path
        )
    return base_url, auth, path


def settle_proposal(wanted: AuthorChoices, page: Page, *, is_ours: bool, asks: bool) -> Proposal:
    """The proposal, with what flags leave open as the page shows it, or as it is answered. Raises Refused."""
    wanted, proposal = _proposed(wanted, page, is_ours=is_ours, asks=asks)
    return _proposed(_confirmed(wanted, proposal), page, is_ours=is_ours, asks=True)[1] if asks else proposal


def _proposed(wanted: AuthorChoices, page: Page, *, is_ours: bool, asks: bool) -> tuple[AuthorChoices, Proposal]:
    while True:
        try:
            return wanted, propose(wanted, page, is_first_party=is_ours)
        except NoProposalError as error:
            if error.setting is None:
                raise Refused(str(error)) from None
            if not asks:
                raise Refused(f"{error}; set --{error.setting}") from None
            print_note(str(error), "yellow")
            check = _CHECKS.get(error.setting, str)
            default = "" if error.setting == "records" else None
            wanted = _with(wanted, error.setting, _ask(_QUESTIONS[error.setting], default, check))


def _confirmed(wanted: AuthorChoices, proposal: Proposal) -> AuthorChoices:
    """What the author says to what the page shows, where no flag said it."""
    plan = proposal.plan
    if wanted.records is None:
        wanted = _with(wanted, "records", _ask(_QUESTIONS["records"], plan.records, str))
    if wanted.primary_key is None:
        wanted = _with(wanted, "key", _ask(_QUESTIONS["key"], ",".join(plan.primary_key), new_flags.read_key))
    if wanted.cursor is None:
        shown = plan.cursor.field if plan.cursor else new_flags.NONE
        wanted = _with(wanted, "cursor", _ask(_QUESTIONS["cursor"], shown, str))
    if wanted.cursor and wanted.since is None:
        since = _ask("By which parameter can changes since a time be asked for (none: by none)", new_flags.NONE, str)
        wanted = replace(wanted, since=None if since == new_flags.NONE else since)
    if wanted.paginator == "inferred":
        shown = new_flags.write_paginator(plan.paginator)
        text = _ask(_QUESTIONS["paginator"], shown, new_flags.read_paginator)
        wanted = wanted if text == shown else _with(wanted, "paginator", text)
    return wanted


def _with(wanted: AuthorChoices, setting: str, text: str) -> AuthorChoices:
    value: Any = text
    if setting == "key":
        value = new_flags.read_key(text)
    elif setting == "paginator":
        value = new_flags.read_paginator(text)
    elif setting == "cursor" and text == new_flags.NONE:
        value = ""
    return replace(wanted, **{_FIELDS[setting]: value})


def _ask(question: str, default: str | None, check: Callable[[str], object]) -> str:
    """An answer that can be used; what is wrong with others is said, and asked again. default: None for none."""
    while True:
        text = str(typer.prompt(question, default=default or "", show_default=bool(default), err=True))
        if default is None and not text.strip():
            print_note("There is no default here: type an answer, or stop by Ctrl-C", "yellow")
            continue
        try:
            check(text)
        except Refused as error:
            print_note(str(error), "yellow")
        else:
            return text
