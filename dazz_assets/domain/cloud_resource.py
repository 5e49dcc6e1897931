"""Cloud resources: buckets, machines, projects and accounts."""

from __future__ import annotations

from pydantic import Field

from dazz_assets.domain.field_values import RawRecord, Tag, Time
from dazz_assets.domain.object import DomainObject


class CloudResource(DomainObject):
    """Something in a cloud account, with the names of OCSF's `resource_details` and `cloud`, flattened.

    `id` is what a finding's `resource_id` says, `owner_id` an `Identity`.
    """

    uid: str = Field(description="The cloud's own id: an ARN, a full resource name.")
    name: str | None = None
    type: str = Field(description="The cloud's own word for what it is.")
    provider: str = Field(description="The cloud, by its short name.")
    account_uid: str | None = Field(default=None, description="The account or project that it is in.")
    account_name: str | None = None
    region: str | None = None
    src_url: str | None = Field(default=None, description="The cloud's own page for it.")
    raw_record: RawRecord

    vendor_status: str | None = Field(default=None, description="The cloud's word: ACTIVE, DELETE_REQUESTED.")
    is_public: bool | None = Field(default=None, description="Whether anyone can read it; null if unknown.")
    is_encrypted: bool | None = Field(default=None, description="Whether it is encrypted at rest; null if unknown.")
    owner: str | None = None
    owner_id: str | None = Field(default=None, description="The owner's id as an `Identity`.")
    tags: list[Tag] = Field(default_factory=list)

    created_time: Time = None
    modified_time: Time = None
