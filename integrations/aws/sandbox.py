"""How AWS behaves, for the sandbox: moto answers, and this class what moto leaves out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any, ClassVar
from urllib.parse import parse_qs, unquote
from xml.sax.saxutils import escape

from moto.core.utils import utcnow
from moto.iam.models import get_account_id_from, iam_backends
from moto.moto_server.werkzeug_app import (  # pyright: ignore[reportMissingTypeStubs]
    DomainDispatcherApplication,
    create_backend_app,
)
from moto.sts.models import sts_backends
from werkzeug.test import EnvironBuilder, run_wsgi_app

from dazz_assets.sandbox import (
    HISTORY,
    QUIET,
    Change,
    RateLimit,
    SandboxRequest,
    SandboxResponse,
    VendorSandbox,
    pick_time,
    route,
)

from . import sandbox_data as data

EXTERNAL_ID = "nimbus-works-external-id"
OWNER = "75aa57f09aa0c8caeab4f8c24e99d10f8e7faeebf76c078efc7c6caea54ba06a"
_MOTO = DomainDispatcherApplication(create_backend_app)
_REQUEST_ID = "SANDBOX000000000"
_KEPT_HEADERS = ("content-type", "location")
_XML = {"Content-Type": "application/xml", "x-amz-request-id": _REQUEST_ID}
_BUCKETS_IN_LIST = 10_000


class AwsSandbox(VendorSandbox):
    """Accounts of an organisation and their buckets, on one port for all services and regions.

    The connection's keys belong to the first account, and a role may be assumed in each. Over the limit S3 answers
    503 SlowDown. moto keeps its accounts for the whole process: two sandboxes of one seed share them.

    page_size: the most buckets of a page, though more were asked for. refusals: by bucket and query (`acl`, `*` for
    all), the status, code and message of what AWS answers instead. closed_regions: those that need to be enabled.
    refused_roles: accounts whose role can't be assumed.
    """

    name: ClassVar[str] = "aws"

    def __init__(
        self,
        seed: int = 1,
        *,
        now: datetime | None = None,
        accounts: int = 3,
        buckets: int = 45,
        page_size: int = 1_000,
        limit: int = 5_000,
    ) -> None:
        self.rate = RateLimit(limit, per=1)
        self.page_size = page_size
        self.accounts: dict[str, data.SandboxAccount] = {}
        self.refusals: dict[tuple[str, str], tuple[int, str, str]] = {}
        self.closed_regions: set[str] = set()
        self.refused_roles: set[str] = set()
        self._sizes = accounts, buckets
        super().__init__(seed, now=now)

    def settings(self, url: str) -> dict[str, Any]:
        return {
            "access_key_id": self.token,
            "secret_access_key": "sandbox-secret-key",
            "role_arns": [account.role_arn for account in self.accounts.values()],
            "external_id": EXTERNAL_ID,
            "base_url": url,
        }

    # Responses

    def authenticate(self, request: SandboxRequest) -> SandboxResponse | None:
        key = _scope(request).key
        account = get_account_id_from(key)
        if account not in self.accounts:
            return _error(request, 403, "InvalidAccessKeyId", "The AWS Access Key Id does not exist in our records.")
        session = sts_backends[account]["aws"].get_assumed_role_from_access_key(key)
        if session is not None and session.expiration <= utcnow():
            return _error(request, 400, "ExpiredToken", "The provided token has expired.")
        if self.rate.spend().exceeded:
            is_s3 = _scope(request).service == "s3"
            status, code = (503, "SlowDown") if is_s3 else (400, "Throttling")
            return _error(request, status, code, "Please reduce your request rate.")
        return self._refuse_bucket(request)

    def not_found(self, request: SandboxRequest) -> SandboxResponse:
        """All that has no route here is moto's to answer."""
        builder = EnvironBuilder(
            request.path,
            base_url=request.origin,
            query_string="&".join(f"{name}={value}" for name, value in request.query),
            method=request.method,
            headers=request.headers.items(),
            data=request.body,
        )
        content, status, headers = run_wsgi_app(_MOTO, builder.get_environ(), buffered=True)
        kept = {name: value for name, value in headers.items() if name.lower() in _KEPT_HEADERS}
        body = b"".join(content)
        if request_id := headers.get("x-amzn-requestid"):
            body = body.replace(request_id.encode(), _REQUEST_ID.encode())
        return SandboxResponse(int(status.split()[0]), body, {**kept, "x-amz-request-id": _REQUEST_ID})

    @route("GET", "/")
    def list_buckets(self, request: SandboxRequest) -> SandboxResponse:
        """Pages by token, which moto does not; https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListBuckets.html"""
        account = self.accounts[get_account_id_from(_scope(request).key)]
        size = min(self.page_size, int(request.param("max-buckets") or _BUCKETS_IN_LIST))
        after = request.param("continuation-token") or ""
        names = [name for name in sorted(account.buckets) if name > after]
        buckets = [account.store.get_bucket(name) for name in names[:size]]
        entries = "".join(
            f"<Bucket><Name>{bucket.name}</Name><CreationDate>{bucket.creation_date_ISO8601}</CreationDate>"
            f"<BucketRegion>{bucket.region_name}</BucketRegion></Bucket>"
            for bucket in buckets
        )
        token = f"<ContinuationToken>{names[size - 1]}</ContinuationToken>" if len(names) > size else ""
        body = (
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            '<ListAllMyBucketsResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
            f"<Owner><ID>{OWNER}</ID></Owner><Buckets>{entries}</Buckets>{token}</ListAllMyBucketsResult>"
        )
        return SandboxResponse(200, body.encode(), _XML, records=len(buckets))

    @route("POST", "/")
    def query(self, request: SandboxRequest) -> SandboxResponse:
        """STS and IAM. Whom a role trusts, moto does not check."""
        form = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
        if form.get("Action") == "AssumeRole" and not self._trusts(form):
            message = f"User: {self.token} is not authorized to perform: sts:AssumeRole on {form.get('RoleArn')}"
            return _error(request, 403, "AccessDenied", message)
        return self.not_found(request)

    def _trusts(self, form: dict[str, str]) -> bool:
        arns = {account.role_arn: account.id for account in self.accounts.values()}
        account = arns.get(form.get("RoleArn", ""))
        return account is not None and account not in self.refused_roles and form.get("ExternalId") == EXTERNAL_ID

    def _refuse_bucket(self, request: SandboxRequest) -> SandboxResponse | None:
        """The refusal of a request about a bucket: as told, or since it was sent to another region."""
        bucket = unquote(request.path.strip("/"))
        region = self.region_of(bucket)
        if region is None:
            return None
        if region in self.closed_regions:
            message = f"The {region} location constraint is incompatible for the region specific endpoint."
            return _error(request, 400, "IllegalLocationConstraintException", message)
        if _scope(request).region != region:
            return _error(request, 400, "AuthorizationHeaderMalformed", f"The region is wrong; expecting '{region}'")
        about = request.query[0][0] if request.query else ""
        refusal = self.refusals.get((bucket, about)) or self.refusals.get((bucket, "*"))
        return _error(request, *refusal) if refusal else None

    def region_of(self, bucket: str) -> str | None:
        """The region that a bucket is in; None if there is no such bucket."""
        for account in self.accounts.values():
            if bucket in account.buckets:
                return str(account.store.get_bucket(bucket).region_name)
        return None

    # Records, and how they change

    def populate(self, random: Random) -> None:
        accounts, buckets = self._sizes
        self.rate.clear()
        made = [data.make_account(random, number) for number in range(accounts)]
        self.accounts = {account.id: account for account in made}
        # moto finds the account by the key, among all sandboxes of the process.
        self.token = "AKIASANDBOX" + "".join("ABCDEFGHIJ"[int(digit)] for digit in made[0].id[-9:])
        keys = iam_backends[made[0].id]["aws"]
        keys.access_keys[self.token] = keys.create_temp_access_key()
        for account in made:
            data.remove_buckets(account)
        start, end = self.now - HISTORY, self.now - QUIET
        for number in range(buckets):
            data.add_bucket(random, made[number % accounts], pick_time(random, start, end, timedelta(seconds=1)))
        self.refusals = {}
        if buckets:  # As of a bucket whose policy keeps even the account's own auditors out.
            denied = (403, "AccessDenied", "Access Denied")
            self.refusals = {(made[0].buckets[0], about): denied for about in ("acl", "policyStatus")}

    def evolve(self, random: Random, change: Change, until: datetime) -> None:
        removed, opened, closed, encrypted = random.sample(self._settled(), 4)
        created = pick_time(random, change.at, until, timedelta(seconds=1))
        added = data.add_bucket(random, random.choice(list(self.accounts.values())), created)
        data.set_kind(self._account_of(opened), opened, "public-read")
        data.set_kind(self._account_of(closed), closed, "private blocked")
        data.set_encryption(self._account_of(encrypted), encrypted, random.choice(("aws:kms", "")))
        self._account_of(removed).store.delete_bucket(removed)
        self._account_of(removed).buckets.remove(removed)
        for stream in ("buckets", "bucket_settings"):
            change.removed[stream], change.added[stream] = [removed], [added]
        change.changed["bucket_settings"] = sorted({opened, closed, encrypted})

    def _settled(self) -> list[str]:
        """The buckets that tell all of their settings."""
        refusing = {bucket for bucket, _ in self.refusals}
        return [name for account in self.accounts.values() for name in account.buckets if name not in refusing]

    def _account_of(self, bucket: str) -> data.SandboxAccount:
        return next(account for account in self.accounts.values() if bucket in account.buckets)


@dataclass(frozen=True)
class _Scope:
    """What a signature is for. https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html"""

    key: str = ""
    region: str = ""
    service: str = "s3"


def _scope(request: SandboxRequest) -> _Scope:
    """The scope of a request's signature; an empty one if it has none of version 4."""
    parts = request.authorization()[1].partition("Credential=")[2].partition(",")[0].split("/")
    return _Scope(parts[0], parts[2], parts[3]) if len(parts) == 5 else _Scope()


def _error(request: SandboxRequest, status: int, code: str, message: str) -> SandboxResponse:
    """An error as S3 sends it, or as the services that are asked by forms do."""
    error = f"<Code>{code}</Code><Message>{escape(message)}</Message>"
    if _scope(request).service == "s3":
        body = f"<Error>{error}<RequestId>{_REQUEST_ID}</RequestId></Error>"
    else:
        error = f"<Error><Type>Sender</Type>{error}</Error><RequestId>{_REQUEST_ID}</RequestId>"
        body = f"<ErrorResponse>{error}</ErrorResponse>"
    return SandboxResponse(status, f'<?xml version="1.0" encoding="UTF-8"?>\n{body}'.encode(), _XML)
