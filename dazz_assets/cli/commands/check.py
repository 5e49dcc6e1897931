"""`dazz check`: whether the credentials of connections work, by a page that is fetched and not stored."""

from contextlib import closing
from typing import TYPE_CHECKING

from dazz_assets.cli.exit_status import FAILED, WRONG_USAGE, end_command, mask_secrets
from dazz_assets.cli.options import ConnectionIds, TargetArgument
from dazz_assets.cli.output import print_note, print_result
from dazz_assets.counts import format_count

if TYPE_CHECKING:
    from dazz_assets.assistant.connection_check import CheckReport


def check_connections(name_or_path: TargetArgument, connection: ConnectionIds = None) -> None:
    """Test connections by fetching the first page of the integration's check stream."""
    from dazz_assets.assistant.connection_check import check_connection
    from dazz_assets.cli.target import find_target
    from dazz_assets.connections import BadConnection
    from dazz_assets.errors import SyncError
    from dazz_assets.home import lake_url
    from dazz_assets.http import FetchError
    from dazz_assets.lake import Lake
    from dazz_assets.session import Session
    from dazz_assets.spec.combination_rules import find_unused_secrets

    target = find_target(name_or_path, connection)
    lake = Lake(lake_url())
    failed, unusable = 0, len(target.problems)
    for warning in find_unused_secrets(target.spec):
        print_note(f"{target.spec.name}: warning: {warning}", "yellow")
    for text in target.problems.values():
        print_note(f"failed: {mask_secrets(text)}", "red")
    for item in target.connections:
        try:
            with closing(Session(target.spec, item, lake)) as session:
                report = check_connection(session)
        except BadConnection as error:
            unusable += 1
            print_note(f"failed: {mask_secrets(str(error))}", "red")
        except (FetchError, SyncError) as error:
            failed += 1
            print_note(f"failed: {mask_secrets(str(error))}", "red")
        else:
            _print_success(f"{target.spec.name}/{item.id}", report)
    if unusable == len(target.connections) + len(target.problems):
        end_command(WRONG_USAGE)
    if failed or unusable:
        end_command(FAILED)


def _print_success(label: str, report: "CheckReport") -> None:
    print_result(f"{label}: ok, {format_count(report.records, 'record')} on the first page of {report.stream}")
    for warning in report.warnings:
        print_note(f"{label}: warning: {warning}", "yellow")
