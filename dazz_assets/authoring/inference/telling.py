"""Which fields people look at first."""

from dazz_assets.authoring.inference.values import words

_WORDS = (
    *("title", "name", "summary", "subject", "status", "state", "severity", "priority", "level", "type", "kind"),
    *("category", "owner", "url", "link", "created", "updated", "modified", "closed", "resolved"),
)
UNTELLING = len(_WORDS)
"""The rank of a name that says nothing of this kind."""


def rank_of(name: str) -> int:
    """How telling a field is by its name: 0 is the most telling, `UNTELLING` not at all."""
    return min((_WORDS.index(word) for word in words(name) if word in _WORDS), default=UNTELLING)
