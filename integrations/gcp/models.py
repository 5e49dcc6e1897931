"""What the parsers need of Google's records: Resource Manager v3, Cloud Asset v1, Cloud Storage v1.

Required is what makes a record itself. Everything else may be absent, null or of another shape: then it is left out.
"""

from __future__ import annotations

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from dazz_assets import Lenient
from dazz_assets.domain import Tag


class GoogleRecord(BaseModel):
    """A part of a record, whose members are written in camel case: `projectId`."""

    model_config = ConfigDict(alias_generator=to_camel)


class Labelled(GoogleRecord):
    """What people may put labels on."""

    labels: Lenient[dict[str, Lenient[str]]] = None

    @property
    def tags(self) -> list[Tag]:
        """The labels, by name."""
        return [Tag(name=name, value=value) for name, value in sorted((self.labels or {}).items())]


class Project(Labelled):
    """A project: `name` has its number, `projects/415104041262`. `state` is ACTIVE or DELETE_REQUESTED."""

    name: str
    project_id: str
    display_name: Lenient[str] = None
    state: Lenient[str] = None
    create_time: Lenient[AwareDatetime] = None
    update_time: Lenient[AwareDatetime] = None

    @property
    def number(self) -> str:
        """The number that Google gave it, which other records refer to."""
        return self.name.rpartition("/")[2]


class AssetData(Labelled):
    """The resource as its own API has it, of which each kind has other fields. Times are named in three ways."""

    display_name: Lenient[str] = None
    state: Lenient[str] = None
    status: Lenient[str] = None
    create_time: Lenient[AwareDatetime] = None
    creation_timestamp: Lenient[AwareDatetime] = None
    time_created: Lenient[AwareDatetime] = None


class AssetResource(GoogleRecord):
    """Where a resource is, and what it is."""

    location: Lenient[str] = None
    data: Lenient[AssetData] = None


class Asset(GoogleRecord):
    """A resource in the inventory: `name` is its full resource name, `//compute.googleapis.com/projects/...`.

    `ancestors` begin with its project, `projects/415104041262`, and lead up to the organisation.
    """

    name: str
    asset_type: str
    resource: Lenient[AssetResource] = None
    ancestors: Lenient[list[str]] = None
    update_time: Lenient[AwareDatetime] = None

    @property
    def project_number(self) -> str | None:
        """The number of the project that it is in."""
        return next(
            (name.removeprefix("projects/") for name in self.ancestors or () if name.startswith("projects/")), None
        )


class IamConfiguration(GoogleRecord):
    """`public_access_prevention` is enforced, or inherited from the organisation's policy, which is not told here."""

    public_access_prevention: Lenient[str] = None


class Bucket(Labelled):
    """A bucket. Its name is unique in all of Google Cloud."""

    name: str
    project_number: Lenient[str] = None
    location: Lenient[str] = None
    iam_configuration: Lenient[IamConfiguration] = None
    time_created: Lenient[AwareDatetime] = None
    updated: Lenient[AwareDatetime] = None


class Binding(GoogleRecord):
    """A role, and those who have it: `allUsers`, `group:admins@example.com`."""

    role: str
    members: list[str] = []


class BucketPolicy(GoogleRecord):
    """The IAM policy of the bucket in `resource_id`: `projects/_/buckets/NAME`.

    Of bindings that can't be read it is not known what they grant, so they are None together.
    """

    resource_id: str
    bindings: Lenient[list[Binding]] = Field(default_factory=list[Binding])

    @property
    def bucket(self) -> str:
        """The bucket's name."""
        return self.resource_id.rpartition("/")[2]
