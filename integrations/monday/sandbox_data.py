"""Invented records in the shapes that Monday's API has (version 2026-07)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from random import Random

from dazz_assets.sandbox import Record

URL = "https://nimbus-works.monday.com"
GIVEN_NAMES = ("Amal", "Bruna", "Chidi", "Dorota", "Emre", "Freya", "Goran", "Hana", "Ivo", "Jelena", "Kwame", "Lior")
SURNAMES = ("Adeyemi", "Bergström", "Castellano", "Dvorak", "Eriksen", "Fontaine", "Grünwald", "Hashimoto", "Iyer")
KINDS = ("admin", "member", "member", "member", "guest", "view_only", "service_user")
TEAMS = ("Platform", "Payments", "Security", "Design")
TOPICS = ("Roadmap", "Incidents", "Onboarding", "Security backlog", "Releases", "Marketing", "Hiring", "Migration")
VERBS = ("Review", "Renew", "Rotate", "Document", "Patch", "Plan", "Audit", "Replace", "Measure")
OBJECTS = ("the gateway", "certificates", "the data model", "access keys", "the runbook", "the billing job", "backups")
GROUPS = (("topics", "This month"), ("group_mk1", "Next month"), ("group_mk2", "Finished"))
TAGS = ("customer", "compliance", "debt", "quick win")
COMMENTS = ("Looks good to me.", "Can we talk about this tomorrow?", "Blocked by the vendor.", "Shipped.")
# Labels of a status column: id, text, whether it means done. The ids are colours, not places.
PLAIN_LABELS = ((0, "Working on it", False), (1, "Done", True), (2, "Stuck", False), (5, "", False))
OWN_LABELS = ((0, "In review", False), (1, "Released", True), (7, "Won't do", True), (11, "Waiting", False))
PRIORITIES = ((10, "Critical", False), (109, "High", False), (7, "Low", False))


def timestamp(time: datetime) -> str:
    """Monday's form of a time: UTC in whole seconds."""
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def user(random: Random, id_: int, created: datetime) -> Record:
    """A user."""
    name = f"{random.choice(GIVEN_NAMES)} {random.choice(SURNAMES)}"
    status = random.choices(("ACTIVE", "INACTIVE", "PENDING"), (8, 1, 1))[0]
    return {
        "id": str(id_),
        "name": name,
        "email": f"{name.split()[0].lower()}.{id_}@nimbus.example",
        "kind": random.choice(KINDS),
        "status": status,
        "is_deleted": False,
        "url": f"{URL}/users/{id_}",
        "created_at": created.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z"),
    }


def team(id_: int, name: str, members: Sequence[str], created: datetime) -> Record:
    """A team: the first member owns it."""
    return {
        "id": str(id_),
        "name": name,
        "is_guest": False,
        "created_at": timestamp(created),
        "owners": [{"id": members[0]}],
        "users": [{"id": member} for member in members],
    }


def workspace(id_: int, name: str, created: datetime) -> Record:
    """A workspace."""
    return {
        "id": str(id_),
        "name": name,
        "kind": "open",
        "state": "active",
        "is_default_workspace": False,
        "created_at": timestamp(created),
        "description": None,
    }


def board(random: Random, id_: int, name: str, workspace_id: str, owner: str, created: datetime) -> Record:
    """An active board of one level. Some have labels of their own."""
    labels = OWN_LABELS if random.random() < 0.4 else PLAIN_LABELS
    return {
        "id": str(id_),
        "name": name,
        "description": None,
        "state": "active",
        "board_kind": "public",
        "type": "board",
        "hierarchy_type": "classic",
        "items_count": 0,
        "url": f"{URL}/boards/{id_}",
        "created_at": timestamp(created),
        "updated_at": timestamp(created),
        "workspace_id": workspace_id,
        "creator": {"id": owner},
        "owners": [{"id": owner}],
        "columns": [
            column("priority_mk", "Priority", "status", PRIORITIES),
            column("status", "Status", "status", labels),
            column("person", "Owner", "people"),
            column("date4", "Due date", "date"),
            column("timerange_mk", "Timeline", "timeline"),
            column("tag_mk", "Tags", "tags"),
        ],
    }


def column(id_: str, title: str, kind: str, labels: Sequence[tuple[int, str, bool]] = ()) -> Record:
    """A column of a board."""
    settings: Record = {}
    if labels:
        named = [
            {"id": number, "label": label, "color": "explosive", "index": place, "is_done": is_done}
            for place, (number, label, is_done) in enumerate(labels)
        ]
        settings = {"type": "status", "labels": named}
    return {"id": id_, "title": title, "type": kind, "archived": False, "settings": settings}


def item(
    random: Random,
    id_: int,
    home: Record,
    created: datetime,
    people: Sequence[str],
    teams: Sequence[str],
    parent: Record | None = None,
) -> Record:
    """An active item of a board."""
    group, title = random.choice(GROUPS)
    record: Record = {
        "id": str(id_),
        "name": f"{random.choice(VERBS)} {random.choice(OBJECTS)}",
        "state": "active",
        "url": f"{URL}/boards/{home['id']}/pulses/{id_}",
        "created_at": timestamp(created),
        "updated_at": timestamp(created),
        "creator": {"id": random.choice(people)} if random.random() < 0.95 else None,
        "board": {"id": home["id"]},
        "group": {"id": group, "title": title},
        "parent_item": {"id": parent["id"]} if parent else None,
        "column_values": [],
    }
    record["column_values"] = [_value(random, of, record, home, people, teams) for of in home["columns"]]
    return record


def set_status(random: Random, record: Record, home: Record, at: datetime) -> None:
    """Somebody chose another label."""
    value = next(value for value in record["column_values"] if value["id"] == "status")
    labels = _labels(home, "status")
    chosen = random.choice([label for label in labels if label["id"] != value.get("index")])
    value |= _status(home, chosen, at) if value["__typename"] == "StatusValue" else _battery(chosen)
    record["updated_at"] = timestamp(at)


def update(random: Random, id_: int, item_id: str, creator: str, created: datetime) -> Record:
    """A comment on an item, some with a reply a minute later."""
    at, text = timestamp(created), random.choice(COMMENTS)
    record: Record = {
        "id": str(id_),
        "item_id": item_id,
        "creator_id": creator,
        "body": f"<p>{text}</p>",
        "text_body": text,
        "created_at": at,
        "updated_at": at,
        "edited_at": at,
        "replies": [],
    }
    if random.random() < 0.3:
        reply(random, record, id_ + 1, creator, created + timedelta(minutes=1))
    return record


def reply(random: Random, record: Record, id_: int, creator: str, at: datetime) -> None:
    """Somebody replied. The update's own time of change stays."""
    text, time = random.choice(COMMENTS), timestamp(at)
    record["replies"].append(
        {
            "id": str(id_),
            "creator_id": creator,
            "body": f"<p>{text}</p>",
            "text_body": text,
            "created_at": time,
            "updated_at": time,
        }
    )


def _labels(home: Record, column_id: str) -> list[Record]:
    labels: list[Record] = next(of for of in home["columns"] if of["id"] == column_id)["settings"]["labels"]
    return labels


def _status(home: Record, label: Record, at: datetime) -> Record:
    return {
        "index": label["id"],
        "label": label["label"] or None,
        "is_done": label["is_done"],
        "updated_at": timestamp(at),
        "value": json.dumps({"index": label["id"]}),
    }


def _battery(label: Record) -> Record:
    return {"is_leaf": True, "battery_value": [{"key": str(label["id"]), "count": 1}]}


def _value(
    random: Random, of: Record, record: Record, home: Record, people: Sequence[str], teams: Sequence[str]
) -> Record:
    """What the item has in a column."""
    base: Record = {"id": of["id"], "type": of["type"], "text": None, "value": None}
    created = datetime.fromisoformat(record["created_at"])
    if of["type"] == "status":
        label = random.choice(of["settings"]["labels"])
        if home["hierarchy_type"] == "multi_level" and of["id"] == "status":
            return {**base, "__typename": "BatteryValue", **_battery(label)}
        return {**base, "__typename": "StatusValue", **_status(home, label, created)}
    if of["type"] == "people":
        someone = {"id": random.choice(people), "kind": "person"}
        a_team = {"id": random.choice(teams), "kind": "team"}
        chosen = random.choices(([], [someone], [a_team, someone], [a_team]), (3, 5, 1, 1))[0]
        return {**base, "__typename": "PeopleValue", "persons_and_teams": chosen}
    due = (created + timedelta(days=random.randrange(1, 60))).date().isoformat()
    if of["type"] == "date":
        value = random.choice((None, {"date": due}, {"date": due, "time": "15:30:00"}))
        text = json.dumps(value) if value else None
        return {**base, "__typename": "DateValue", "date": value["date"] if value else None, "value": text}
    if of["type"] == "timeline":
        planned = random.random() < 0.3
        start = record["created_at"][:10] if planned else None
        return {**base, "__typename": "TimelineValue", "from": start, "to": due if planned else None}
    tags = random.sample(TAGS, random.randrange(3))
    return {**base, "__typename": "TagsValue", "tags": [{"id": str(TAGS.index(tag)), "name": tag} for tag in tags]}
