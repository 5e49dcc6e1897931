"""The settings of a connection to AWS."""

from __future__ import annotations

import re

from pydantic import Field, SecretStr, field_validator, model_validator

from dazz_assets import ConnectionConfig

_ROLE = re.compile(r"arn:(?P<partition>[\w-]+):iam::(?P<account>\d{12}):role/.+")
# How the regions of a partition begin, of those that credentials of AWS itself don't reach.
_REGIONS = {"aws-cn": "cn-", "aws-us-gov": "us-gov-"}


class AwsConfig(ConnectionConfig):
    """Whose accounts, and how to sign in: with access keys, a named profile, or what boto3 finds by itself.

    With `role_arns` these credentials only assume roles, one in each account to be read. Without them, the account that
    they belong to is read. `base_url` sends all requests elsewhere: to storage that is compatible with S3, or a test.
    """

    access_key_id: SecretStr | None = None
    secret_access_key: SecretStr | None = None
    session_token: SecretStr | None = None
    profile: str | None = None
    role_arns: tuple[str, ...] = Field(default=(), description="A role in each account to be read.")
    external_id: str | None = Field(default=None, description="What the roles' trust policies ask for. No secret.")
    region: str = Field(default="us-east-1", description="Where to sign in and list; cn-north-1 in China.")

    @field_validator("role_arns")
    @classmethod
    def _name_each_account_once(cls, arns: tuple[str, ...]) -> tuple[str, ...]:
        accounts = [role_account(arn) for arn in arns]
        if repeated := {account for account in accounts if accounts.count(account) > 1}:
            raise ValueError(f"two roles are in account {min(repeated)}; name one for each account")
        return arns

    @model_validator(mode="after")
    def _sign_in_one_way(self) -> AwsConfig:
        if (self.access_key_id is None) != (self.secret_access_key is None):
            raise ValueError("set both access_key_id and secret_access_key, or neither")
        if self.session_token is not None and self.access_key_id is None:
            raise ValueError("session_token belongs to access keys; set access_key_id and secret_access_key too")
        if self.profile is not None and self.access_key_id is not None:
            raise ValueError("set access keys or profile, not both")
        if self.external_id is not None and not self.role_arns:
            raise ValueError("external_id is for roles; set role_arns too")
        return self

    @model_validator(mode="after")
    def _sign_in_where_the_roles_are(self) -> AwsConfig:
        for arn in self.role_arns:
            begin = _REGIONS.get(_match_role(arn)["partition"])
            if begin and not self.region.startswith(begin):
                raise ValueError(f"{arn} is not reached from {self.region}; set region to one that begins with {begin}")
        return self


def role_account(arn: str) -> str:
    """The account that a role is in. Raises ValueError for what is no role's ARN."""
    return _match_role(arn)["account"]


def _match_role(arn: str) -> re.Match[str]:
    match = _ROLE.fullmatch(arn)
    if match is None:
        raise ValueError(f"{arn!r} is not a role's ARN, such as arn:aws:iam::111122223333:role/auditor")
    return match
