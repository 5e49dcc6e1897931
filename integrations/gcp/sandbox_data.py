"""Invented records in the shapes that Google's APIs have: Resource Manager v3, Cloud Asset v1, Cloud Storage v1."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from functools import cache
from random import Random

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from dazz_assets.sandbox import Record

ORGANISATION = "organizations/504877120318"
FOLDERS = ("folders/662014873310", "folders/118830465921")
TEAMS = ("payments", "platform", "data", "mobile", "identity", "legacy")
WORDS = ("amber", "basalt", "cedar", "delta", "ember", "fjord", "grove", "harbor", "iris", "juniper", "kelp", "lagoon")
REGIONS = ("europe-west1", "us-central1", "asia-northeast1")
LOCATIONS = (*((region.upper(), "region") for region in REGIONS), ("EU", "multi-region"), ("US", "multi-region"))
EVERYONE = ("allUsers", "allAuthenticatedUsers")
PROJECT = "cloudresourcemanager.googleapis.com/Project"
BUCKET = "storage.googleapis.com/Bucket"
_EXPONENT = 65_537
# Of the primes that come next after two numbers, by how much they are larger.
_NEXT_PRIMES = {"p": 246, "q": 418}


@cache
def signing_key() -> rsa.RSAPrivateKey:
    """The service account's key, which is the same in each process: it opens nothing but this sandbox."""
    p, q = (_prime(name, further) for name, further in _NEXT_PRIMES.items())
    d = pow(_EXPONENT, -1, (p - 1) * (q - 1))
    public = rsa.RSAPublicNumbers(_EXPONENT, p * q)
    shortcuts = rsa.rsa_crt_dmp1(d, p), rsa.rsa_crt_dmq1(d, q), rsa.rsa_crt_iqmp(p, q)
    return rsa.RSAPrivateNumbers(p, q, d, *shortcuts, public).private_key()


def signing_key_pem() -> str:
    """The same key, as key files have it."""
    return signing_key().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def _prime(name: str, further: int) -> int:
    start = hashlib.shake_256(f"the {name} of the sandbox's key".encode()).digest(128)
    return (int.from_bytes(start, "big") | 3 << 1022) + further


def timestamp(time: datetime) -> str:
    """A time as Google writes it: UTC with milliseconds."""
    return f"{time.astimezone(UTC).isoformat(timespec='milliseconds').removesuffix('+00:00')}Z"


def project(random: Random, team: str, created: datetime) -> Record:
    """A project in one of the organisation's folders."""
    return {
        "name": f"projects/{random.randrange(10**11, 10**12)}",
        "parent": random.choice(FOLDERS),
        "projectId": f"nimbus-{team}-{random.randrange(16**4):04x}",
        "state": "ACTIVE",
        "displayName": f"Nimbus {team.capitalize()}",
        "createTime": timestamp(created),
        "updateTime": timestamp(created),
        "etag": f'W/"{random.getrandbits(64):016x}"',
        "labels": {"team": team, "stage": random.choice(("prod", "dev"))},
    }


def delete_project(record: Record, at: datetime) -> None:
    """Someone shut the project down: it is listed for another 30 days."""
    record.update(state="DELETE_REQUESTED", deleteTime=timestamp(at), updateTime=timestamp(at))


def number(record: Record) -> str:
    """A project's number."""
    return str(record["name"]).removeprefix("projects/")


def bucket(random: Random, home: Record, created: datetime) -> Record:
    """A bucket of a project."""
    name = f"{home['projectId']}-{random.choice(WORDS)}-{random.randrange(16**6):06x}"
    location, kind = random.choice(LOCATIONS)
    uniform = random.random() < 0.7
    record: Record = {
        "kind": "storage#bucket",
        "selfLink": f"https://www.googleapis.com/storage/v1/b/{name}",
        "id": name,
        "name": name,
        "projectNumber": number(home),
        "generation": str(int(created.timestamp() * 1_000_000)),
        "metageneration": "1",
        "location": location,
        "locationType": kind,
        "storageClass": random.choice(("STANDARD", "STANDARD", "NEARLINE")),
        "etag": "CAE=",
        "timeCreated": timestamp(created),
        "updated": timestamp(created),
        "iamConfiguration": {
            "bucketPolicyOnly": {"enabled": uniform},
            "uniformBucketLevelAccess": {"enabled": uniform},
            "publicAccessPrevention": random.choices(("inherited", "enforced"), (7, 3))[0],
        },
        "softDeletePolicy": {"retentionDurationSeconds": "604800", "effectiveTime": timestamp(created)},
    }
    if random.random() < 0.6:
        record["labels"] = {"team": home["labels"]["team"], "data": random.choice(("logs", "backups", "site"))}
    if random.random() < 0.3:
        keys = f"projects/{home['projectId']}/locations/{REGIONS[0]}/keyRings/storage/cryptoKeys"
        record["encryption"] = {"defaultKmsKeyName": f"{keys}/{random.choice(WORDS)}"}
    return record


def policy(random: Random, of: Record, home: Record) -> Record:
    """The IAM policy of a bucket; some open it to everyone."""
    bindings: list[Record] = [
        {
            "role": "roles/storage.legacyBucketOwner",
            "members": [f"projectEditor:{home['projectId']}", f"projectOwner:{home['projectId']}"],
        },
        {
            "role": "roles/storage.objectAdmin",
            "members": [f"serviceAccount:app@{home['projectId']}.iam.gserviceaccount.com"],
        },
    ]
    if random.random() < 0.2:
        bindings.append({"role": "roles/storage.objectViewer", "members": [random.choice(EVERYONE)]})
    return {
        "kind": "storage#policy",
        "resourceId": f"projects/_/buckets/{of['name']}",
        "version": 1,
        "etag": "CAE=",
        "bindings": bindings,
    }


def is_open(record: Record) -> bool:
    """Whether a policy has a binding for everyone."""
    return any(member in EVERYONE for binding in record["bindings"] for member in binding["members"])


def toggle_access(record: Record) -> None:
    """Open a bucket to everyone, or close it."""
    if is_open(record):
        record["bindings"] = [item for item in record["bindings"] if not set(item["members"]) & set(EVERYONE)]
    else:
        record["bindings"].append({"role": "roles/storage.objectViewer", "members": ["allUsers"]})


def resource(random: Random, home: Record, created: datetime) -> Record:
    """An asset of a kind that other streams don't list."""
    make = random.choices((_instance, _disk, _service_account, _firewall, _workload), (4, 4, 2, 2, 2))[0]
    return make(random, home, created)


def project_asset(home: Record) -> Record:
    """A project, as the inventory has it."""
    data = {"projectId": home["projectId"], "projectNumber": number(home), "lifecycleState": home["state"]}
    data |= {"name": home["displayName"], "createTime": home["createTime"], "labels": home["labels"]}
    return _asset(home, PROJECT, f"cloudresourcemanager.googleapis.com/{home['name']}", None, data, home["updateTime"])


def bucket_asset(of: Record, home: Record) -> Record:
    """A bucket, as the inventory has it."""
    fields = ("name", "id", "location", "storageClass", "timeCreated", "updated", "iamConfiguration", "labels")
    data = {field: of[field] for field in fields if field in of}
    return _asset(home, BUCKET, f"storage.googleapis.com/{of['name']}", of["location"].lower(), data, of["updated"])


def _instance(random: Random, home: Record, created: datetime) -> Record:
    zone, name = f"{random.choice(REGIONS)}-{random.choice('bc')}", _name(random)
    data: Record = {
        "name": name,
        "status": random.choice(("RUNNING", "RUNNING", "TERMINATED")),
        "machineType": f"zones/{zone}/machineTypes/e2-standard-4",
        "creationTimestamp": timestamp(created),
        "labels": {"team": home["labels"]["team"]},
    }
    return _compute(home, "Instance", f"zones/{zone}/instances/{name}", zone, data, created)


def _disk(random: Random, home: Record, created: datetime) -> Record:
    zone, name = f"{random.choice(REGIONS)}-{random.choice('bc')}", _name(random)
    data: Record = {"name": name, "status": "READY", "sizeGb": str(random.choice((10, 100, 500)))}
    data["creationTimestamp"] = timestamp(created)
    return _compute(home, "Disk", f"zones/{zone}/disks/{name}", zone, data, created)


def _firewall(random: Random, home: Record, created: datetime) -> Record:
    name = f"allow-{_name(random)}"
    data: Record = {"name": name, "direction": "INGRESS", "creationTimestamp": timestamp(created)}
    return _compute(home, "Firewall", f"global/firewalls/{name}", "global", data, created)


def _service_account(random: Random, home: Record, created: datetime) -> Record:
    account = str(random.randrange(10**20, 10**21))
    path = f"iam.googleapis.com/projects/{home['projectId']}/serviceAccounts/{account}"
    email = f"{_name(random)}@{home['projectId']}.iam.gserviceaccount.com"
    data: Record = {"displayName": f"Runs {random.choice(WORDS)}", "email": email, "uniqueId": account}
    return _asset(home, "iam.googleapis.com/ServiceAccount", path, "global", data, timestamp(created))


SECRET = "sandbox-secret-"  # noqa: S105 - invented
"""How each value begins that people should not have written where they did."""


def secret_fields(secret: str) -> dict[str, Record]:
    """By type, where code that runs has variables and scripts, with a secret in each place."""
    named = [{"name": "TOKEN", "value": secret}]
    containers = [{"image": "app", "env": named}]
    return {
        "appengine.googleapis.com/Version": {"envVariables": {"TOKEN": secret}},
        "cloudbuild.googleapis.com/Build": {"steps": [{"name": "app", "args": ["--token", secret]}]},
        "cloudbuild.googleapis.com/BuildTrigger": {
            "substitutions": {"_TOKEN": secret},
            "build": {"substitutions": {"_TOKEN": secret}, "steps": [{"env": [f"TOKEN={secret}"]}]},
        },
        "cloudfunctions.googleapis.com/CloudFunction": {
            "buildEnvironmentVariables": {"TOKEN": secret},
            "environmentVariables": {"TOKEN": secret},
        },
        "cloudfunctions.googleapis.com/Function": {
            "buildConfig": {"environmentVariables": {"TOKEN": secret}},
            "serviceConfig": {"environmentVariables": {"TOKEN": secret}},
        },
        "composer.googleapis.com/Environment": {"config": {"softwareConfig": {"envVariables": {"TOKEN": secret}}}},
        "compute.googleapis.com/InstanceTemplate": {
            "properties": {"metadata": {"items": [{"key": "startup-script", "value": secret}]}}
        },
        "compute.googleapis.com/Project": {"commonInstanceMetadata": {"items": [{"key": "ssh-keys", "value": secret}]}},
        "container.googleapis.com/Cluster": {
            "nodeConfig": {"metadata": {"token": secret}},
            "nodePools": [{"config": {"metadata": {"token": secret}}}],
        },
        "container.googleapis.com/NodePool": {"config": {"metadata": {"startup-script": secret}}},
        "dataproc.googleapis.com/Cluster": {"config": {"gceClusterConfig": {"metadata": {"token": secret}}}},
        "apps.k8s.io/Deployment": {
            "metadata": {"annotations": {"kubectl.kubernetes.io/last-applied-configuration": secret}},
            "spec": {"template": {"spec": {"containers": containers, "initContainers": containers}}},
        },
        "batch.k8s.io/CronJob": {"spec": {"jobTemplate": {"spec": {"template": {"spec": {"containers": containers}}}}}},
        "k8s.io/Pod": {"spec": {"containers": containers, "initContainers": containers}},
        "run.googleapis.com/Job": {"template": {"template": {"containers": containers}}},
        "run.googleapis.com/Service": {"template": {"containers": containers}},
    }


def _workload(random: Random, home: Record, created: datetime) -> Record:
    fields = secret_fields(f"{SECRET}{random.randrange(16**8):08x}")
    kind = random.choice(sorted(fields))
    service, _, type_ = kind.partition("/")
    data = {"name": _name(random), "createTime": timestamp(created), **fields[kind]}
    path = f"{service}/projects/{home['projectId']}/locations/{REGIONS[0]}/{type_.lower()}s/{data['name']}"
    return _asset(home, kind, path, REGIONS[0], data, timestamp(created))


def _name(random: Random) -> str:
    return f"{random.choice(WORDS)}-{random.choice(WORDS)}-{random.randrange(16**4):04x}"


def _compute(home: Record, kind: str, path: str, location: str, data: Record, created: datetime) -> Record:
    full = f"compute.googleapis.com/projects/{home['projectId']}/{path}"
    return _asset(home, f"compute.googleapis.com/{kind}", full, location, data, timestamp(created))


def _asset(home: Record, kind: str, path: str, location: str | None, data: Record, updated: str) -> Record:
    found: Record = {"version": "v1", "data": data}
    if kind != PROJECT:
        found["parent"] = f"//cloudresourcemanager.googleapis.com/{home['name']}"
    if location is not None:
        found["location"] = location
    return {
        "name": f"//{path}",
        "assetType": kind,
        "resource": found,
        "ancestors": [home["name"], home["parent"], ORGANISATION],
        "updateTime": updated,
    }
