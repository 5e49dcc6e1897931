"""What the parsers need of Jira's records (REST API v3).

Required is what makes a record itself. Everything else may be absent, null or of another shape: then it is left out.
"""

from __future__ import annotations

from datetime import date

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from dazz_assets import Lenient, LenientList


class JiraModel(BaseModel):
    """A part of a record, whose fields Jira writes in camel case."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)


class Project(JiraModel):
    """A project."""

    id: str
    key: Lenient[str] = None
    name: Lenient[str] = None


class User(JiraModel):
    """A user: a person, an app, or a customer of a service desk.

    Of a deleted account the name says so, and the rest is blank; a corrupted one has the id `unknown`.
    """

    account_id: str
    account_type: Lenient[str] = None
    display_name: Lenient[str] = None
    email_address: Lenient[str] = None
    active: Lenient[bool] = None


class Named(JiraModel):
    """Something of which the parsers need the name: an issue's type, priority or resolution."""

    name: str


class StatusCategory(JiraModel):
    """What a status means: `new`, `indeterminate`, `done`, or `undefined`."""

    key: str


class Status(JiraModel):
    """A status of a workflow, which each site names as it likes."""

    name: Lenient[str] = None
    status_category: Lenient[StatusCategory] = None


class ParentIssue(JiraModel):
    """The issue that another is a part of: of a sub-task its task, of a story its epic."""

    id: str


class IssueFields(JiraModel):
    """The fields of an issue that the stream asks for. `duedate` and `resolutiondate` are written without capitals."""

    summary: Lenient[str] = None
    issuetype: Lenient[Named] = None
    status: Lenient[Status] = None
    priority: Lenient[Named] = None
    resolution: Lenient[Named] = None
    project: Lenient[Project] = None
    parent: Lenient[ParentIssue] = None
    assignee: Lenient[User] = None
    creator: Lenient[User] = None
    labels: LenientList[str] = []
    created: Lenient[AwareDatetime] = None
    updated: Lenient[AwareDatetime] = None
    duedate: Lenient[date] = None
    resolutiondate: Lenient[AwareDatetime] = None
    statuscategorychangedate: Lenient[AwareDatetime] = None


class Issue(JiraModel):
    """An issue. Its key changes when it moves to another project; its id never does."""

    id: str
    key: str
    fields: Lenient[IssueFields] = Field(default=None)
