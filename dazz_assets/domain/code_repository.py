"""Code repositories, and the projects that scanners make of what is in them."""

from __future__ import annotations

from pydantic import Field

from dazz_assets.domain.field_values import RawRecord, Tag, Time
from dazz_assets.domain.object import DomainObject


class CodeRepository(DomainObject):
    """A repository of code. `id` is what a finding's `resource_id` says, `owner_id` an `Identity`."""

    table = "code_repositories"

    uid: str = Field(description="The vendor's own id.")
    name: str = Field(description="With its owner: acme/shop.")
    src_url: str | None = Field(default=None, description="The vendor's own page for it.")
    raw_record: RawRecord

    is_archived: bool | None = Field(default=None, description="Whether nobody can change it any more.")
    is_private: bool | None = None
    visibility: str | None = Field(default=None, description="The vendor's word: public, internal.")
    default_branch: str | None = None
    owner: str | None = None
    owner_id: str | None = Field(default=None, description="The owner's id as an `Identity`.")

    created_time: Time = None
    modified_time: Time = None


class CodeProject(DomainObject):
    """What a scanner looks at: a manifest, an image, or the code of a repository.

    `id` is what a finding's `resource_id` says, `owner_id` an `Identity`. Where the scanner names the repository, it is
    joined by `repository_name` with `CodeRepository.name`, whichever vendor has it.
    """

    uid: str = Field(description="The vendor's own id.")
    name: str
    type: str | None = Field(default=None, description="The vendor's word: npm, sast, terraformconfig.")
    src_url: str | None = Field(default=None, description="The vendor's own page for it.")
    raw_record: RawRecord

    vendor_status: str | None = Field(default=None, description="The vendor's word: active, inactive.")
    is_active: bool | None = Field(default=None, description="Whether it is scanned.")
    organization_uid: str | None = Field(default=None, description="The organisation's id at the vendor.")
    repository_name: str | None = Field(default=None, description="With its owner: acme/shop.")
    repository_url: str | None = Field(default=None, description="The repository's page at its host.")
    branch: str | None = None
    manifest_path: str | None = None
    package_manager: str | None = Field(default=None, description="The purl type: npm, pypi, maven, golang, deb.")
    owner: str | None = None
    owner_id: str | None = Field(default=None, description="The owner's id as an `Identity`.")
    tags: list[Tag] = Field(default_factory=list)

    created_time: Time = None
    modified_time: Time = None
