"""The rules that each bucket is judged by: those of AWS Config.

Severities are those of the Security Hub controls S3.2, S3.3 and S3.4, which stand on these rules:
https://docs.aws.amazon.com/securityhub/latest/userguide/s3-controls.html
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from dazz_assets.domain import Severity, Status

from .exposure import READ, WRITE, find_openings, is_encrypted, is_open
from .models import Account, BucketSettings


@dataclass(frozen=True)
class Judgement:
    """OCSF's status, the word that AWS Config has for it, why, and since when it is closed.

    https://docs.aws.amazon.com/config/latest/APIReference/API_Compliance.html
    """

    status: Status
    word: str
    why: str
    closed: datetime | None = None


@dataclass(frozen=True)
class Rule:
    """A rule for buckets. judge: whether one keeps it, from its settings and its account."""

    name: str
    title: str
    severity: Severity
    judge: Callable[[BucketSettings, Account | None], Judgement]


def judge_missing(gone: datetime | None) -> Judgement:
    """What is said of a bucket that is not listed any more. gone: since when; None while no whole list says so."""
    if gone is None:
        return Judgement(Status.UNKNOWN, "INSUFFICIENT_DATA", "the bucket is missing from a list that may not be whole")
    return Judgement(Status.ARCHIVED, "NOT_APPLICABLE", "bucket no longer listed", gone)


def _judge(fails: bool | None, why: str) -> Judgement:
    if fails is None:
        return Judgement(Status.UNKNOWN, "INSUFFICIENT_DATA", why)
    return Judgement(Status.NEW, "NON_COMPLIANT", why) if fails else Judgement(Status.RESOLVED, "COMPLIANT", why)


def _judge_access(settings: BucketSettings, account: Account | None, *, access: str) -> Judgement:
    found = find_openings(settings, account, access)
    return _judge(is_open(found), "; ".join(each.describe() for each in found) or "nothing gives the public access")


def _judge_encryption(settings: BucketSettings, _: Account | None) -> Judgement:
    match is_encrypted(settings):
        case None:
            return _judge(None, "the encryption could not be read")
        case True:
            return _judge(False, "the bucket has a rule for encryption")
        case False:
            return _judge(True, "the bucket has no rule for encryption")


PUBLIC_READ = "S3_BUCKET_PUBLIC_READ_PROHIBITED"
PUBLIC_WRITE = "S3_BUCKET_PUBLIC_WRITE_PROHIBITED"
ENCRYPTION = "S3_BUCKET_SERVER_SIDE_ENCRYPTION_ENABLED"
RULES = (
    Rule(
        PUBLIC_READ,
        "S3 bucket gives read access to the public",
        Severity.CRITICAL,
        partial(_judge_access, access=READ),
    ),
    Rule(
        PUBLIC_WRITE,
        "S3 bucket gives write access to the public",
        Severity.CRITICAL,
        partial(_judge_access, access=WRITE),
    ),
    Rule(ENCRYPTION, "S3 bucket has no default encryption", Severity.MEDIUM, _judge_encryption),
)
