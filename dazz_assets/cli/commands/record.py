"""`dazz record`: record two syncs of a connection as a scenario that pytest replays."""

from typing import TYPE_CHECKING, Annotated

import typer

from dazz_assets.cli.exit_status import UsageError, when_interrupted
from dazz_assets.cli.options import TargetArgument
from dazz_assets.cli.output import print_note, print_result
from dazz_assets.cli.review_note import print_review_note
from dazz_assets.recording.scenario_names import DEFAULT_RECORDS, DEFAULT_SCENARIO, SCENARIO_NAME

if TYPE_CHECKING:
    from dazz_assets.recording.record_scenario import RecordedScenario

ConnectionId = Annotated[
    str | None,
    typer.Option("--connection", metavar="ID", help="The connection to record. Default: the only one."),
]
ScenarioName = Annotated[str, typer.Option("--scenario", metavar="NAME", help="Name of the recording.")]
Limit = Annotated[
    int,
    typer.Option(
        "--limit",
        min=0,
        metavar="N",
        help="Keep N records of each page, two pages of each list, and the records that these name. 0 keeps all.",
    ),
]
Pause = Annotated[
    bool,
    typer.Option("--pause", help="Wait between the two syncs, so that you can change something at the vendor."),
]


def record_sync(
    name_or_path: TargetArgument,
    connection: ConnectionId = None,
    scenario: ScenarioName = DEFAULT_SCENARIO,
    limit: Limit = DEFAULT_RECORDS,
    pause: Pause = False,
) -> None:
    """Record a first and a second sync into the integration's folder, as a test for `pytest`.

    Secrets, e-mail addresses, avatars and what streams declare personal are replaced before anything is written. An
    existing recording of the same name is only replaced if the new one is complete and replays. Your lake is not
    touched.
    """
    from dazz_assets.cli.progress_view import show_progress
    from dazz_assets.cli.target import find_single_target
    from dazz_assets.privacy.pseudonyms import pseudonym_key
    from dazz_assets.recording.record_scenario import PAGES, record_scenario
    from dazz_assets.recording.scenario import CONNECTION

    if not SCENARIO_NAME.fullmatch(scenario):
        raise UsageError(f"--scenario {scenario!r}: use at most 64 letters, digits, _, . and -")
    spec, selected = find_single_target(name_or_path, connection)
    name = spec.name
    print_note(f"Recording {name}/{selected.id}, which is called {name}/{CONNECTION} in the recording and below")
    with when_interrupted("Nothing was recorded, and an existing recording is unchanged."), show_progress() as progress:
        recorded = record_scenario(
            spec,
            selected,
            scenario,
            key=pseudonym_key(),
            records=limit or None,
            pages=PAGES if limit else None,
            between=_wait_for_enter if pause else _continue_at_once,
            progress=progress,
        )
    _print_recorded(recorded)


def _continue_at_once() -> None:
    """Start the second sync without waiting."""


def _wait_for_enter() -> None:
    typer.prompt(
        "The first sync is recorded. Change something at the vendor, then press Enter",
        default="",
        show_default=False,
        err=True,
    )


def _print_recorded(recorded: "RecordedScenario") -> None:
    first, second = recorded.exchanges.values()
    print_result(f"Recorded {first} responses of a first sync and {second} of a second sync in {recorded.folder}")
    print_result("    records: " + ", ".join(f"{name} {count:,}" for name, count in recorded.records.items()))
    print_result(
        "    objects: " + (", ".join(f"{name} {count:,}" for name, count in recorded.objects.items()) or "none")
    )
    print_review_note(recorded)
    print_result(f"Run it: pytest {recorded.folder.parent}")
