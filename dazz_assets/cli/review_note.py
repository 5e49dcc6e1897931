"""What the author of a recording must check before committing it: the same after `dazz record` and `dazz new`."""

from typing import TYPE_CHECKING

from dazz_assets.cli.output import print_note

if TYPE_CHECKING:
    from dazz_assets.recording.record_scenario import RecordedScenario


def print_review_note(recorded: "RecordedScenario") -> None:
    """Print what the author must check before committing a recording."""
    print_note(
        "Review the recording before you commit it: of personal data, only e-mail addresses, avatars and what the "
        "streams declare are replaced."
    )
    for warning in recorded.warnings:
        print_note(f"warning: {warning}", "yellow")
    if recorded.personal:
        print_note(
            f"A value that is personal in another field is still in {', '.join(recorded.personal)}: add its field to "
            "the stream's `personal`, and record again.",
            "yellow",
        )
