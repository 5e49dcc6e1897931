"""The members of an organisation, and the organisation itself, as identities."""

from __future__ import annotations

from dazz_assets.domain import Identity, RawRecord, UserType

from .models import Account, Member, Repository
from .repositories import ObjectId

# By GitHub's types of accounts; OCSF has no number for an organisation.
TYPES = {"User": UserType.USER, "Bot": UserType.SERVICE}


def member_identity(member: Member, *, is_owner: bool, object_id: ObjectId) -> Identity:
    """A member. is_owner: whether the organisation is theirs to administer."""
    kind = UserType.ADMIN if is_owner else TYPES.get(member.type or "", UserType.UNKNOWN)
    return Identity(
        id=object_id(member.id),
        uid=str(member.id),
        name=member.login,
        src_url=member.html_url,
        raw_record=RawRecord(stream="members", key=str(member.id)),
        type_id=kind,
        vendor_type=member.type,
    )


def owner_identity(owner: Account, account_id: int, repository: Repository, object_id: ObjectId) -> Identity:
    """The organisation that owns a repository."""
    return Identity(
        id=object_id(account_id),
        uid=str(account_id),
        name=owner.login,
        src_url=owner.html_url,
        raw_record=RawRecord(stream="repositories", key=str(repository.id)),
        type_id=UserType.OTHER,
        type="Organization",
        vendor_type=owner.type,
    )
