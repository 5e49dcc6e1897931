"""`dazz check`."""

from typing import TYPE_CHECKING

from dazz_assets.cli.failures import FAILED, WRONG_USAGE, end, masked
from dazz_assets.cli.options import ConnectionIds, Target
from dazz_assets.cli.output import say, tell

if TYPE_CHECKING:
    from dazz_assets.sync.check import CheckReport


def check_connections(target: Target, connection: ConnectionIds = None) -> None:
    """Prove that connections work: the first page of the stream that the integration names for this."""
    from dazz_assets.cli.chosen import choose
    from dazz_assets.connections import BadConnection
    from dazz_assets.home import lake_url
    from dazz_assets.http import FetchError
    from dazz_assets.lake import Lake
    from dazz_assets.sync.check import check
    from dazz_assets.sync.errors import SyncError
    from dazz_assets.sync.session import Session

    chosen = choose(target, connection)
    lake = Lake(lake_url())
    failed, unusable = 0, len(chosen.problems)
    for text in chosen.problems.values():
        tell(f"failed: {masked(text)}", "red")
    for item in chosen.connections:
        try:
            report = check(Session(chosen.spec, item, lake))
        except BadConnection as error:
            unusable += 1
            tell(f"failed: {masked(str(error))}", "red")
        except (FetchError, SyncError) as error:
            failed += 1
            tell(f"failed: {masked(str(error))}", "red")
        else:
            _say(f"{chosen.spec.name}/{item.id}", report)
    if unusable == len(chosen.connections) + len(chosen.problems):
        end(WRONG_USAGE)
    if failed or unusable:
        end(FAILED)


def _say(where: str, report: "CheckReport") -> None:
    noun = "record" if report.records == 1 else "records"
    say(f"{where}: ok, {report.records} {noun} on the first page of {report.stream}")
    for warning in report.warnings:
        tell(f"{where}: warning: {warning}", "yellow")
