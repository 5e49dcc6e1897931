"""Organisations, and the users who own projects, as identities."""

from __future__ import annotations

from collections.abc import Callable

from dazz_assets.domain import Identity, RawRecord, UserType

from .models import Org, OrgAttributes, Project

ObjectId = Callable[..., str]
"""`Integration.object_id`: our id of a thing, from the vendor's."""


def owner_id(project: Project, object_id: ObjectId) -> str | None:
    """The id of the identity that owns a project: the user who was named, or else its organisation."""
    owner = project.owner or project.organisation
    return object_id(owner) if owner else None


def organisation_identity(org: Org, app: str, object_id: ObjectId) -> Identity:
    """An organisation. app: the address of the web application."""
    told = org.attributes or OrgAttributes()
    return Identity(
        id=object_id(org.id),
        uid=org.id,
        name=told.slug,
        full_name=told.name,
        src_url=f"{app}/org/{told.slug or org.id}",
        raw_record=RawRecord(stream="orgs", key=org.id),
        # OCSF has no number for an organisation.
        type_id=UserType.OTHER,
        type="Organization",
        vendor_type="org",
        created_time=told.created_at,
        modified_time=told.updated_at,
    )


def user_identity(user: str, project: Project, object_id: ObjectId) -> Identity:
    """A user of whom only the id is known, by a project that they own."""
    return Identity(
        id=object_id(user),
        uid=user,
        raw_record=RawRecord(stream="projects", key=project.id),
        type_id=UserType.USER,
        vendor_type="user",
    )
