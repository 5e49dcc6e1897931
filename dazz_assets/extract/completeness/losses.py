"""Says whether a snapshot lost so many records that its list should not be believed at once."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from dazz_assets.counts import format_count
from dazz_assets.errors import SyncError
from dazz_assets.extract.sync_state import SyncState

# A list of fewer records may shrink by any share, unless nothing is left.
_FEWEST = 20
# Where few records are stored, a fifth of it is enough.
_SECONDS_BEFORE_SECOND_LISTING = 5.0


@dataclass(frozen=True, slots=True)
class Loss:
    """How many records a list has lost. is_told: whether that is worth a warning, though a second list agrees."""

    before: int
    after: int
    max_shrink: float
    is_told: bool

    def __str__(self) -> str:
        return (
            f"the list has {format_count(self.after, 'record')} while {self.before:,} are stored, a loss of "
            f"{1 - self.after / self.before:.0%} (`max_shrink` is {self.max_shrink:.0%})"
        )

    @property
    def pause(self) -> float:
        """The seconds before a second list."""
        return _SECONDS_BEFORE_SECOND_LISTING / (1 if self.before >= _FEWEST else 5)

    def refuse(self, state: SyncState, reason: str) -> SyncError:
        """The error of a sync that does not believe the list."""
        return SyncError(
            f"{state.place}: {self}, and {reason}. The stored records were not "
            f"replaced. If the loss is real, sync with --accept-shrink, or raise `max_shrink` on "
            f"{state.stream.stream.__name__}"
        )


def find_loss(state: SyncState, after: int, unlisted: AbstractSet[str]) -> Loss | None:
    """Return what a complete list has lost, if that is suspicious.

    after: how many records it has. unlisted: parents that were not listed, whose records don't count.
    """
    if state.identity_changed or not _is_suspicious(state, state.stored.rows, after):
        return None  # No file has to be opened: there are no more keys than rows.
    before = state.stored_keys(without=unlisted)
    if not _is_suspicious(state, before, after):
        return None
    return Loss(before, after, state.stream.max_shrink, before >= _FEWEST or _is_parent(state))


def _is_suspicious(state: SyncState, before: int, after: int) -> bool:
    # To list all parents again takes long, and is worth it for many records alone.
    is_empty = after == 0 and state.stream.parent is None and state.session.asks_again
    fewest = 1 if is_empty else _FEWEST
    return before >= fewest and before - after > before * state.stream.max_shrink


def _is_parent(state: SyncState) -> bool:
    """Whether records of other streams go with those of this one."""
    return any(stream.parent == state.stream.name for stream in state.session.spec.streams.values())
