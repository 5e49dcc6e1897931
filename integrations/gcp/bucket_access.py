"""Who may read a bucket, by its IAM policy: https://cloud.google.com/storage/docs/access-control/iam"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from dazz_assets.domain import Status

from .models import Binding, Bucket, BucketPolicy

# Anyone on the internet, and anyone with a Google account.
EVERYONE = ("allUsers", "allAuthenticatedUsers")


@dataclass(frozen=True)
class Judgement:
    """OCSF's status, a word for it, why, and since when it is closed."""

    status: Status
    word: str
    why: str
    closed: datetime | None = None


def judge(bucket: Bucket, policy: BucketPolicy | None) -> Judgement:
    """Whether a bucket is open to everyone; Unknown if its policy is not known."""
    opening = public_bindings(bucket, policy)
    if opening is None:
        return Judgement(Status.UNKNOWN, "unknown", "the bucket's policy could not be read")
    if opening:
        return Judgement(Status.NEW, "public", describe_grants(opening))
    return Judgement(Status.RESOLVED, "not public", "nothing gives access to everyone")


def judge_missing(gone: datetime | None) -> Judgement:
    """What is said of a bucket that is not listed any more. gone: since when; None while no whole list says so."""
    if gone is None:
        return Judgement(Status.UNKNOWN, "unknown", "the bucket is missing from a list that may not be whole")
    return Judgement(Status.ARCHIVED, "gone", "bucket no longer listed", gone)


def public_bindings(bucket: Bucket, policy: BucketPolicy | None) -> list[Binding] | None:
    """The bindings that open a bucket to everyone; None if its policy is not known.

    Public access prevention overrides them: https://cloud.google.com/storage/docs/public-access-prevention
    """
    settings = bucket.iam_configuration
    if settings is not None and settings.public_access_prevention == "enforced":
        return []
    if policy is None or policy.bindings is None:
        return None
    return [binding for binding in policy.bindings if any(member in EVERYONE for member in binding.members)]


def is_public(bucket: Bucket, policy: BucketPolicy | None) -> bool | None:
    """Whether everyone has a role in a bucket; None if its policy is not known."""
    opening = public_bindings(bucket, policy)
    return None if opening is None else bool(opening)


def describe_grants(bindings: list[Binding]) -> str:
    """Who has which roles: `allUsers: roles/storage.objectViewer`."""
    grants = [(member, binding.role) for binding in bindings for member in binding.members if member in EVERYONE]
    whom = {member: sorted({role for to, role in grants if to == member}) for member, _ in sorted(grants)}
    return "; ".join(f"{member}: {', '.join(roles)}" for member, roles in whom.items())
