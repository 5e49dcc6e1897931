"""Ask at a terminal for what the flags of `dazz new` don't say."""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from shlex import quote
from typing import Any

import typer

from dazz_assets.assistant.generate.proposal import AuthorChoices, NoProposalError, Proposal, propose
from dazz_assets.cli import new_flags
from dazz_assets.cli.exit_status import UsageError, mask_secrets
from dazz_assets.cli.output import print_note
from dazz_assets.http import FetchError, Page

_FIELDS = {"records": "records", "key": "primary_key", "cursor": "cursor", "paginator": "paginator"}
_QUESTIONS = {
    "records": "Path of the list of records in a page (empty: the page itself is the list)",
    "key": "Which field identifies a record (several: separate them with commas)",
    "cursor": "Which field is the time of the last change (none: each sync fetches all records)",
    "paginator": f"How is the next page requested ({new_flags.PAGINATORS})",
}
_AUTH_HELP = """\
  bearer              the token in the header Authorization, after the word Bearer
  header:NAME         the plain token in the header NAME, like header:X-Api-Key
  header:NAME:FORMAT  the token within a text in the header NAME, like header:Authorization:Token {config.token}
  param:NAME          the token in a parameter of the URL, like param:api_key
  basic               a user name and a password
  none                no credentials"""
_CHECKS: Mapping[str, Callable[[str], object]] = {"key": new_flags.read_key, "paginator": new_flags.read_paginator}


def is_terminal() -> bool:
    """Whether someone is there to answer."""
    return sys.stdin.isatty() and sys.stdout.isatty()


@contextmanager
def show_answers_on_failure(vendor: str, flags: Mapping[str, str | None], headers: Sequence[str]) -> Iterator[None]:
    """If the body fails, print the command with the answers as flags, so that nothing has to be typed again."""
    given = dict(flags)
    try:
        yield
    except (UsageError, FetchError):
        if flags != given:
            answered = [*flags.items(), *(("--header", text) for text in headers)]
            options = " ".join(f"{flag} {quote(text)}" for flag, text in answered if text is not None)
            print_note(mask_secrets(f"\nTo continue with your answers:\n\n  dazz new {quote(vendor)} {options}\n"))
        raise


def ask_missing(flags: dict[str, str | None], check_auth: Callable[[str], object]) -> tuple[str, str, str]:
    """Base URL, auth and path, which are needed to fetch a page. Asks for missing ones and stores answers in flags.

    check_auth: checks the auth before more questions are asked. Raises UsageError if something is missing and nobody
    can be asked.
    """
    base_url, auth, path = flags["--base-url"], flags["--auth"], flags["--path"]
    if not is_terminal():
        missing = [flag for flag, given in (("--base-url", base_url), ("--path", path)) if given is None]
        if base_url is None or path is None:
            raise UsageError(f"{' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing")
        check_auth(auth or "bearer")
        return base_url, auth or "bearer", path
    if base_url is None:
        base_url = flags["--base-url"] = _ask(
            "URL of the API, like https://api.vendor.com", None, new_flags.read_base_url
        )
    if auth is None:
        print_note(_AUTH_HELP)
        auth = flags["--auth"] = _ask("How are requests authenticated", "bearer", new_flags.read_auth)
    check_auth(auth)
    if path is None:
        path = flags["--path"] = _ask(
            "Path of the first stream, like /v1/issues?limit=100", None, new_flags.read_api_path
        )
    return base_url, auth, path


def complete_proposal(wanted: AuthorChoices, page: Page, *, is_first_party: bool, interactive: bool) -> Proposal:
    """The proposal for a page. Fills in what flags don't say from the page or, if interactive, from answers.

    Raises UsageError.
    """
    wanted, proposal = _propose(wanted, page, is_first_party=is_first_party, interactive=interactive)
    return (
        _propose(_confirm(wanted, proposal), page, is_first_party=is_first_party, interactive=True)[1]
        if interactive
        else proposal
    )


def _propose(
    wanted: AuthorChoices, page: Page, *, is_first_party: bool, interactive: bool
) -> tuple[AuthorChoices, Proposal]:
    while True:
        try:
            return wanted, propose(wanted, page, is_first_party=is_first_party)
        except NoProposalError as error:
            if error.setting is None:
                raise UsageError(str(error)) from None
            if not interactive:
                raise UsageError(f"{error}: set it with --{error.setting}{_describe_example(error)}") from None
            print_note(str(error), "yellow")
            check = _CHECKS.get(error.setting, str)
            default = "" if error.setting == "records" else None
            wanted = _change_setting(wanted, error.setting, _ask(_QUESTIONS[error.setting], default, check))


def _describe_example(error: NoProposalError) -> str:
    """The end of a message: a flag that may fit."""
    if error.paginator is None:
        return ""
    return f", for example `--paginator {new_flags.write_paginator(error.paginator)}`"


def _confirm(wanted: AuthorChoices, proposal: Proposal) -> AuthorChoices:
    """Ask the author to confirm or change what the page shows, for each setting without a flag."""
    plan = proposal.plan
    if wanted.records is None:
        wanted = _change_setting(wanted, "records", _ask(_QUESTIONS["records"], plan.records, str))
    if wanted.primary_key is None:
        wanted = _change_setting(wanted, "key", _ask(_QUESTIONS["key"], ",".join(plan.primary_key), new_flags.read_key))
    if wanted.cursor is None:
        current = plan.cursor.field if plan.cursor else new_flags.NONE
        if plan.cursor_note:
            print_note(plan.cursor_note)
        text = _ask(_QUESTIONS["cursor"], current, str)
        wanted = wanted if text == current == new_flags.NONE else _change_setting(wanted, "cursor", text)
    if wanted.cursor and wanted.since is None:
        since = _ask("Which parameter requests changes since a time (none: no such parameter)", new_flags.NONE, str)
        wanted = replace(wanted, since=None if since == new_flags.NONE else since)
    if wanted.paginator == "inferred":
        current = new_flags.write_paginator(plan.paginator)
        text = _ask(_QUESTIONS["paginator"], current, new_flags.read_paginator)
        wanted = wanted if text == current else _change_setting(wanted, "paginator", text)
    return wanted


def _change_setting(wanted: AuthorChoices, setting: str, text: str) -> AuthorChoices:
    value: Any = text
    if setting == "key":
        value = new_flags.read_key(text)
    elif setting == "paginator":
        value = new_flags.read_paginator(text)
    elif setting == "cursor" and text == new_flags.NONE:
        value = ""
    return replace(wanted, **{_FIELDS[setting]: value})


def _ask(question: str, default: str | None, check: Callable[[str], object]) -> str:
    """Ask until the answer is valid, and print what is wrong with others. default: None if there is no default."""
    while True:
        text = str(typer.prompt(question, default=default or "", show_default=bool(default), err=True))
        if default is None and not text.strip():
            print_note("This question has no default: type an answer, or stop with Ctrl-C", "yellow")
            continue
        try:
            check(text)
        except UsageError as error:
            print_note(str(error), "yellow")
        else:
            return text
