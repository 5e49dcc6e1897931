"""Identities: people, service accounts and organisations that own things."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from dazz_assets.domain.captions import caption_of, fits_id, member_of
from dazz_assets.domain.field_values import RawRecord, Time
from dazz_assets.domain.object import DomainObject
from dazz_assets.domain.ocsf import UserType

UserTypeId = Annotated[int, member_of(UserType)]


class Identity(DomainObject):
    """Who owns, works on or signs in to things, with the names of OCSF's `user`.

    `id` is what `owner_id`, `assignee_id` and `creator_id` of other objects say.
    """

    table = "identities"

    uid: str = Field(description="The vendor's own id.")
    name: str | None = Field(default=None, description="The name that it signs in with.")
    full_name: str | None = None
    email_addr: str | None = None
    src_url: str | None = Field(default=None, description="The vendor's own page for it.")
    raw_record: RawRecord

    type_id: UserTypeId = UserType.UNKNOWN
    type: Annotated[str, fits_id(UserType)] = Field(
        default_factory=caption_of("type_id", UserType), description="OCSF's caption of `type_id`."
    )
    vendor_type: str | None = Field(default=None, description="The vendor's word, such as Bot or guest.")
    vendor_status: str | None = Field(default=None, description="The vendor's word: active, suspended.")
    is_active: bool | None = Field(default=None, description="Whether it can sign in; null if unknown.")
    groups: list[str] = Field(default_factory=list, description="The vendor's ids of its groups or teams.")

    created_time: Time = None
    modified_time: Time = None
