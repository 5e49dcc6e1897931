"""`dazz record`."""

from typing import TYPE_CHECKING, Annotated

import typer

from dazz_assets.cli.exit_status import INTERRUPTED, Refused, end_command
from dazz_assets.cli.options import TargetArgument
from dazz_assets.cli.output import print_note, print_result
from dazz_assets.recording.scenario import DEFAULT, NAME, RECORDS

if TYPE_CHECKING:
    from dazz_assets.recording.record_scenario import RecordedScenario

ConnectionId = Annotated[
    str | None,
    typer.Option("--connection", metavar="ID", help="The connection to record; the only one by default."),
]
ScenarioName = Annotated[str, typer.Option("--scenario", metavar="NAME", help="What the recording is called.")]
Limit = Annotated[
    int,
    typer.Option(
        "--limit", min=0, metavar="N", help="Keep N records of each page, and two pages of each list; 0 keeps all."
    ),
]
Pause = Annotated[
    bool,
    typer.Option("--pause", help="Wait between the two syncs, for you to change something at the vendor."),
]


def record_sync(
    target: TargetArgument,
    connection: ConnectionId = None,
    scenario: ScenarioName = DEFAULT,
    limit: Limit = RECORDS,
    pause: Pause = False,
) -> None:
    """Record a first and a second sync beside the integration, as a test that `pytest` runs.

    Secrets, e-mail addresses, avatars and what streams declare personal are replaced before anything is written. A
    recording of the same name is replaced by one that is complete and replays, else it stays. What you synced before
    is not touched.
    """
    from dazz_assets.cli.progress_view import show_progress
    from dazz_assets.cli.target import find_single_target
    from dazz_assets.privacy.pseudonyms import pseudonym_key
    from dazz_assets.recording.record_scenario import PAGES, record_scenario
    from dazz_assets.recording.scenario import CONNECTION

    if not NAME.fullmatch(scenario):
        raise Refused(f"--scenario {scenario!r}: use letters, digits, _, . and -, at most 64")
    spec, chosen = find_single_target(target, connection)
    name = spec.name
    print_note(f"Recording {name}/{chosen.id}, which is {name}/{CONNECTION} in the recording and in what follows")
    try:
        with show_progress() as progress:
            recorded = record_scenario(
                spec,
                chosen,
                scenario,
                key=pseudonym_key(),
                records=limit or None,
                pages=PAGES if limit else None,
                between=_wait if pause else _go_on,
                progress=progress,
            )
    except KeyboardInterrupt:
        print_note("Interrupted. Nothing was recorded; a recording that there was stays as it was.")
        end_command(INTERRUPTED)
    _say(recorded)


def _go_on() -> None:
    """The second sync follows at once."""


def _wait() -> None:
    typer.prompt(
        "The first sync is recorded. Change something at the vendor, then press Enter",
        default="",
        show_default=False,
        err=True,
    )


def _say(recorded: "RecordedScenario") -> None:
    first, second = recorded.exchanges.values()
    print_result(f"Recorded {first} responses of a first sync and {second} of a second one in {recorded.folder}")
    print_result("    records: " + ", ".join(f"{name} {count:,}" for name, count in recorded.records.items()))
    print_result(
        "    objects: " + (", ".join(f"{name} {count:,}" for name, count in recorded.objects.items()) or "none")
    )
    tell_to_read(recorded)
    print_result(f"Run it: pytest {recorded.folder.parent}")


def tell_to_read(recorded: "RecordedScenario") -> None:
    """What is left to its author before a recording is committed."""
    print_note(
        "Read what it holds before you commit it: of personal data only what the streams declare, e-mail addresses and "
        "avatars are replaced."
    )
    for warning in recorded.warnings:
        print_note(f"warning: {warning}", "yellow")
    if recorded.personal:
        print_note(
            f"In {', '.join(recorded.personal)} is still a value that is personal elsewhere: add its field to the "
            "stream's `personal`, and record again.",
            "yellow",
        )
