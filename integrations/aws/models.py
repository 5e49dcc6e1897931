"""What the parsers need of AWS's records.

Required is what makes a record itself. Everything else may be absent, null or of another shape: then it is left out.
A part of a record that AWS refused holds an `Error` in place of its answer; what it would have said is not known.
"""

from __future__ import annotations

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_pascal

from dazz_assets import Lenient, LenientList

from .answers import NOTHING_SET


class AwsModel(BaseModel):
    """A shape of AWS's, whose names begin with a capital."""

    model_config = ConfigDict(alias_generator=to_pascal, validate_by_name=True)


class Refusal(AwsModel):
    """Why AWS did not answer: NoSuchBucketPolicy, AccessDenied."""

    code: Lenient[str] = None


class Part(AwsModel):
    """An answer, or the refusal in its place."""

    error: Lenient[Refusal] = None

    @property
    def has_nothing(self) -> bool:
        """Whether AWS says that nothing is set."""
        return self.error is not None and self.error.code in NOTHING_SET


class BlockConfiguration(AwsModel):
    """https://docs.aws.amazon.com/AmazonS3/latest/API/API_PublicAccessBlockConfiguration.html

    A setting that is left out is off. One of another shape leaves all of them unknown, and so does a grant below.
    """

    ignore_public_acls: bool | None = None
    restrict_public_buckets: bool | None = None


class PublicAccessBlock(Part):
    """The public access block of a bucket or an account."""

    public_access_block_configuration: Lenient[BlockConfiguration] = None


class Aliases(Part):
    """The aliases of an account: there is one at most."""

    account_aliases: LenientList[str] = []


class CallerIdentity(Part):
    """Who asks: https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html"""

    arn: Lenient[str] = None


class Role(AwsModel):
    """An account to be read."""

    account: str


class Account(AwsModel):
    """An account, as the stream `accounts` puts it together."""

    account: str
    identity: Lenient[CallerIdentity] = None
    aliases: Lenient[Aliases] = None
    public_access_block: Lenient[PublicAccessBlock] = None

    @property
    def name(self) -> str | None:
        """Its alias, if it has one that may be read."""
        return next(iter(self.aliases.account_aliases), None) if self.aliases else None

    @property
    def partition(self) -> str:
        """The part of AWS that it is in: aws, aws-cn, aws-us-gov."""
        parts = ((self.identity and self.identity.arn) or "").split(":")
        return parts[1] if len(parts) > 1 and parts[1] else "aws"


class Bucket(AwsModel):
    """https://docs.aws.amazon.com/AmazonS3/latest/API/API_Bucket.html"""

    name: str
    creation_date: Lenient[AwareDatetime] = None
    bucket_region: Lenient[str] = None


class Grantee(AwsModel):
    """Who is granted something: a group by its URI, an account by its id."""

    uri: str | None = Field(default=None, alias="URI")


class Grant(AwsModel):
    """A permission of somebody: READ, WRITE, READ_ACP, WRITE_ACP, FULL_CONTROL."""

    grantee: Grantee
    permission: str


class Acl(Part):
    """https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketAcl.html"""

    grants: Lenient[list[Grant]] = None


class IsPublic(AwsModel):
    """Whether the bucket policy alone makes it public."""

    is_public: Lenient[bool] = None


class PolicyStatus(Part):
    """https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketPolicyStatus.html"""

    policy_status: Lenient[IsPublic] = None


class EncryptionDefault(AwsModel):
    """How new objects are encrypted."""

    sse_algorithm: Lenient[str] = Field(default=None, alias="SSEAlgorithm")


class EncryptionRule(AwsModel):
    """A rule of a bucket's encryption; there is one."""

    apply_server_side_encryption_by_default: Lenient[EncryptionDefault] = None


class EncryptionConfiguration(AwsModel):
    """The rules of a bucket's encryption."""

    rules: LenientList[EncryptionRule] = []


class Encryption(Part):
    """https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketEncryption.html"""

    server_side_encryption_configuration: Lenient[EncryptionConfiguration] = None


class BucketTag(AwsModel):
    """A tag of a bucket."""

    key: str
    value: Lenient[str] = None


class Tagging(Part):
    """https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketTagging.html"""

    tag_set: LenientList[BucketTag] = []


class BucketSettings(AwsModel):
    """The settings of a bucket, as the stream `bucket_settings` puts them together."""

    name: str
    acl: Lenient[Acl] = None
    encryption: Lenient[Encryption] = None
    policy_status: Lenient[PolicyStatus] = None
    public_access_block: Lenient[PublicAccessBlock] = None
    tagging: Lenient[Tagging] = None
