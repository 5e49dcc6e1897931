"""Invented accounts and buckets, as moto's backends hold them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime
from random import Random

from moto.iam.models import iam_backends
from moto.s3.models import FakeAcl, FakeGrant, S3Backend, get_canned_acl, s3_backends
from moto.s3control.models import s3control_backends

ROLE = "security-audit"
REGIONS = {"us-east-1": 4, "eu-west-1": 3, "ap-southeast-2": 2, "af-south-1": 1}
ALIASES = ("nimbus-works-shared", "nimbus-works-prod", "nimbus-works-data", "nimbus-works-lab")
PURPOSES = ("assets", "backups", "billing", "exports", "images", "invoices", "logs", "models", "reports", "uploads")
TEAMS = ("platform", "payments", "growth", "data")
STAGES = ("prod", "staging", "dev")
ALL_ON = {
    "BlockPublicAcls": "true",
    "IgnorePublicAcls": "true",
    "BlockPublicPolicy": "true",
    "RestrictPublicBuckets": "true",
}
ALL_OFF = dict.fromkeys(ALL_ON, "false")
# What buckets are like, and how many in a hundred are. The first word is the canned ACL.
KINDS = {
    "private": 50,
    "private blocked": 28,
    "private policy": 6,
    "private policy blocked": 3,
    "public-read": 4,
    "public-read blocked": 4,
    "public-read-write": 2,
    "authenticated-read": 3,
}
ENCRYPTIONS = {"AES256": 75, "aws:kms": 17, "": 8}


@dataclass
class SandboxAccount:
    """An account, with the names of its buckets."""

    id: str
    alias: str
    buckets: list[str] = field(default_factory=list[str])

    @property
    def role_arn(self) -> str:
        """The role that the connection assumes in it."""
        return f"arn:aws:iam::{self.id}:role/{ROLE}"

    @property
    def store(self) -> S3Backend:
        """Where moto has its buckets."""
        return s3_backends[self.id]["aws"]


def make_account(random: Random, number: int) -> SandboxAccount:
    """An account with its alias and role. The third one of four has a public access block for all its buckets."""
    account = SandboxAccount(f"{random.randrange(10**11, 10**12)}", ALIASES[number % len(ALIASES)])
    for backends in (iam_backends, s3control_backends):
        backends[account.id]["aws"].reset()
    iam = iam_backends[account.id]["aws"]
    role = iam.create_role(ROLE, json.dumps({"Version": "2012-10-17", "Statement": []}), "/", None, "", [], "3600")
    role.id = f"AROASANDBOX{account.id}"
    if number % 4 != 3:
        iam.create_account_alias(account.alias)
    if number % 4 == 2:
        s3control_backends[account.id]["aws"].put_public_access_block(account.id, ALL_ON)
    return account


def remove_buckets(account: SandboxAccount) -> None:
    """Remove what moto still has of an account: its backends are the process's."""
    for name in list(account.store.buckets):
        account.store.delete_bucket(name)


def add_bucket(random: Random, account: SandboxAccount, created: datetime) -> str:
    """A bucket of a random kind."""
    number = random.randrange(1_000, 10_000)
    name = f"{account.alias}-{random.choice(PURPOSES)}-{account.id[-4:]}{number}"
    bucket = account.store.create_bucket(name, _pick(random, REGIONS))
    bucket.creation_date = created.replace(microsecond=0)
    set_kind(account, name, _pick(random, KINDS))
    set_encryption(account, name, _pick(random, ENCRYPTIONS))
    if random.random() < 0.5:
        account.store.put_bucket_versioning(name, random.choice(("Enabled", "Enabled", "Suspended")))
    if random.random() < 0.7:
        tags = {"team": random.choice(TEAMS), "stage": random.choice(STAGES)}
        account.store.put_bucket_tagging(name, tags)
    if random.random() < 0.3:
        # moto asks for a bucket that takes logs, which not each of its regions has here.
        bucket.logging = {"TargetBucket": f"{account.alias}-access-logs", "TargetPrefix": f"{name}/"}
    account.buckets.append(name)
    return name


def set_kind(account: SandboxAccount, name: str, kind: str) -> None:
    """Set ACL, policy and public access block of a bucket."""
    store, (acl, *more) = account.store, kind.split()
    store.put_bucket_acl(name, _canned_acl(acl))
    store.delete_bucket_policy(name)
    if "policy" in more:
        store.put_bucket_policy(name, _public_policy(name))
    bucket = store.get_bucket(name)
    bucket.public_access_block = None
    if "blocked" in more or more or acl != "private":
        store.put_public_access_block(name, ALL_ON if "blocked" in more else ALL_OFF)


def set_encryption(account: SandboxAccount, name: str, algorithm: str) -> None:
    """Set how new objects are encrypted; an empty algorithm is none, as of buckets before 2023."""
    default = {"SSEAlgorithm": algorithm}
    if algorithm == "aws:kms":
        default["KMSMasterKeyID"] = f"arn:aws:kms:us-east-1:{account.id}:alias/storage"
    rule = {"ApplyServerSideEncryptionByDefault": default, "BucketKeyEnabled": "true"}
    account.store.put_bucket_encryption(name, {"Rule": rule} if algorithm else {})


def _canned_acl(name: str) -> FakeAcl:
    """A canned ACL with a grant for each permission, as S3 has it; moto gives several in one."""
    grants = get_canned_acl(name).grants
    each = [FakeGrant(grant.grantees, [permission]) for grant in grants for permission in grant.permissions]
    return FakeAcl(each)  # pyright: ignore[reportReturnType]  (moto makes another class of it)


def _public_policy(name: str) -> bytes:
    statement = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{name}/*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]}).encode()


def _pick(random: Random, weights: dict[str, int]) -> str:
    return random.choices(list(weights), list(weights.values()))[0]
