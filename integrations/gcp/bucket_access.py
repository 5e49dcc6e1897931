"""Who may read a bucket, by its IAM policy: https://cloud.google.com/storage/docs/access-control/iam"""

from __future__ import annotations

from .models import Binding, Bucket, BucketPolicy

# Anyone on the internet, and anyone with a Google account.
EVERYONE = ("allUsers", "allAuthenticatedUsers")


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
