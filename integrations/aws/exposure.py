"""Whether a bucket is public or encrypted, and by what. None stands for what AWS would not tell: it is never a no."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from .models import Account, BucketSettings, Grant, PublicAccessBlock

# https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html#specifying-grantee-predefined-groups
_GROUPS = "http://acs.amazonaws.com/groups/global/"
_PUBLIC_GROUPS = ("AllUsers", "AuthenticatedUsers")
READ = "read"
WRITE = "write"
# What a permission allows; one that is not known here allows to read.
_ALLOWED = {"WRITE": (WRITE,), "WRITE_ACP": (WRITE,), "FULL_CONTROL": (READ, WRITE)}

# The settings of a public access block that stop what is already there: https://docs.aws.amazon.com/AmazonS3/latest/
# userguide/access-control-block-public-access.html#access-control-block-public-access-options
_OF_ACLS: Literal["ignore_public_acls"] = "ignore_public_acls"
_OF_POLICIES: Literal["restrict_public_buckets"] = "restrict_public_buckets"
_Setting = Literal["ignore_public_acls", "restrict_public_buckets"]


@dataclass(frozen=True)
class Block:
    """Whether a public access block stops something; None if that could not be read. whose: bucket or account."""

    stops: bool | None
    whose: str = ""


@dataclass(frozen=True)
class Opening:
    """Something that gives access to the public, in words, and what a public access block does about it.

    is_certain: whether it is known to do so; else it may.
    """

    what: str
    block: Block
    is_certain: bool = True

    @property
    def is_open(self) -> bool | None:
        """Whether the public gets in here; None if what would tell could not be read."""
        if self.block.stops:
            return False
        return True if self.is_certain and self.block.stops is False else None

    def describe(self) -> str:
        """What gives access, and what becomes of it."""
        if self.block.stops is None:
            return f"{self.what} (unless a public access block stops it, which could not be read)"
        return (
            f"{self.what} (stopped by the public access block of the {self.block.whose})"
            if self.block.stops
            else self.what
        )


def find_openings(settings: BucketSettings, account: Account | None, access: str) -> list[Opening]:
    """What lets the public `READ` or `WRITE`, and what may, as it could not be read.

    Of a policy AWS says only that it is public. That counts as reading, and whether it is writing too is not known.
    """
    of_acls, of_policies = (_find_block(setting, settings, account) for setting in (_OF_ACLS, _OF_POLICIES))
    if settings.acl is None or settings.acl.grants is None:
        found = [Opening("the ACL, which could not be read, may give access", of_acls, is_certain=False)]
    else:
        found = [Opening(what, of_acls) for what in _public_grants(settings.acl.grants, access)]
    is_public = _has_public_policy(settings)
    if is_public is None:
        found.append(Opening("the policy, which could not be read, may be public", of_policies, is_certain=False))
    elif is_public and access == READ:
        found.append(Opening("the policy is public", of_policies))
    elif is_public:
        found.append(Opening(f"the policy is public, and may allow to {access}", of_policies, is_certain=False))
    return found


def is_open(openings: Iterable[Opening]) -> bool | None:
    """Whether the public gets in by any of these; None if that could not be read."""
    states = [opening.is_open for opening in openings]
    return True if True in states else None if None in states else False


def is_public(settings: BucketSettings | None, account: Account | None) -> bool | None:
    """Whether ACL or policy give the public any access that neither public access block stops."""
    if settings is None:
        return None
    return is_open(opening for access in (READ, WRITE) for opening in find_openings(settings, account, access))


def is_encrypted(settings: BucketSettings | None) -> bool | None:
    """Whether the bucket has a rule for the encryption of new objects, as S3 gives to all since 2023."""
    part = settings.encryption if settings else None
    if part is None or part.has_nothing:
        return None if part is None else False
    configuration = part.server_side_encryption_configuration
    rules = configuration.rules if configuration else []
    defaults = [rule.apply_server_side_encryption_by_default for rule in rules]
    return True if any(default and default.sse_algorithm for default in defaults) else None


def _public_grants(grants: list[Grant], access: str) -> Iterator[str]:
    for grant in grants:
        group = (grant.grantee.uri or "").removeprefix(_GROUPS)
        if group in _PUBLIC_GROUPS and access in _ALLOWED.get(grant.permission, (READ,)):
            yield f"the ACL grants {grant.permission} to {group}"


def _has_public_policy(settings: BucketSettings) -> bool | None:
    part = settings.policy_status
    if part is None or part.has_nothing:
        return None if part is None else False
    return part.policy_status.is_public if part.policy_status else None


def _find_block(setting: _Setting, settings: BucketSettings, account: Account | None) -> Block:
    """What the public access blocks of bucket and account do together: the stricter one counts."""
    of_account = account.public_access_block if account else None
    states = {"bucket": _state(settings.public_access_block, setting), "account": _state(of_account, setting)}
    whose = next((whose for whose, stops in states.items() if stops), "")
    return Block(True, whose) if whose else Block(None if None in states.values() else False)


def _state(block: PublicAccessBlock | None, setting: _Setting) -> bool | None:
    """Whether a public access block has a setting on; None if it could not be read."""
    if block is None or block.has_nothing:
        return None if block is None else False
    configuration = block.public_access_block_configuration
    return None if configuration is None else bool(getattr(configuration, setting))
