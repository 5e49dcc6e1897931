"""One parse of one parser: windows of raw records into domain objects, published in one commit of each table."""

from collections.abc import Collection
from datetime import date

from dazz_assets.authoring.spec import ParserSpec
from dazz_assets.sync.objects.inputs import Inputs
from dazz_assets.sync.objects.parsing import Parsing
from dazz_assets.sync.objects.published import Published
from dazz_assets.sync.objects.publishing import publish
from dazz_assets.sync.reports import ParseReport
from dazz_assets.sync.session import Session


def parse(
    session: Session,
    parser: ParserSpec,
    *,
    windows: Collection[date | None] | None,
    stale: bool = False,
) -> ParseReport:
    """Parse windows (None: every window that has records) and, always, each whose records are no longer those that it
    was parsed from; with `stale` also those whose full-refresh inputs changed. Makes no request.

    Raises ParseError, and then nothing of this parse is published; LakeError.
    """
    progress = session.progress
    with session.lake.lock(
        session.spec.name, session.connection.id, lambda whom: progress.waiting(session.where, 0, whom)
    ):
        progress.began(session.where, parser.name)
        try:
            return _parse(session, parser, windows, stale=stale)
        finally:
            progress.ended(session.where, parser.name)


def _parse(
    session: Session, parser: ParserSpec, windows: Collection[date | None] | None, *, stale: bool
) -> ParseReport:
    inputs, published = Inputs(session, parser), Published(session, parser)
    report = ParseReport(session.connection.id, parser.name)
    report.inputs = {name: snapshot.version for name, snapshot in inputs.snapshots.items()}
    chosen = windows_to_parse(inputs, published, windows, stale=stale)
    if chosen is not None:
        with Parsing(session, parser, inputs, published, published.tables, report).run(chosen) as parsed:
            publish(parsed, inputs, published)
        published = Published(session, parser)
    report.stale = sorted(_stale(inputs, published), key=str)
    return report


def windows_to_parse(
    inputs: Inputs, published: Published, windows: Collection[date | None] | None, *, stale: bool
) -> set[date | None] | None:
    """The windows that a parse of these parses, as `parse` says; None where there is nothing to look at.

    Where nothing came since the tables were last found right, the log says so, and no file is opened.
    """
    asked_for = windows is None or bool(windows) or stale
    if not asked_for and published.is_checked(inputs.checked):
        return None
    chosen = set(inputs.fingerprints) if windows is None else set(windows) & inputs.fingerprints.keys()
    chosen |= published.unfit(inputs.fingerprints)
    return chosen | _stale(inputs, published) if stale else chosen


def _stale(inputs: Inputs, published: Published) -> set[date | None]:
    return {
        window for windows in published.windows for window, state in windows.items() if inputs.is_stale(state.inputs)
    }
