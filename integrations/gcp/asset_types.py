"""What is known of types of assets: https://cloud.google.com/asset-inventory/docs/asset-types"""

from __future__ import annotations

PROJECT = "cloudresourcemanager.googleapis.com/Project"
BUCKET = "storage.googleapis.com/Bucket"

# Google encrypts what it stores: https://cloud.google.com/docs/security/encryption/default-encryption. Assets of these
# types store data; of others, such as firewalls and accounts, the question makes no sense.
STORES_DATA = frozenset(
    {
        "alloydb.googleapis.com/Backup",
        "alloydb.googleapis.com/Cluster",
        "artifactregistry.googleapis.com/DockerImage",
        "artifactregistry.googleapis.com/Repository",
        "bigquery.googleapis.com/Dataset",
        "bigquery.googleapis.com/Table",
        "bigtableadmin.googleapis.com/Backup",
        "bigtableadmin.googleapis.com/Cluster",
        "bigtableadmin.googleapis.com/Instance",
        "bigtableadmin.googleapis.com/Table",
        "compute.googleapis.com/Disk",
        "compute.googleapis.com/Image",
        "compute.googleapis.com/MachineImage",
        "compute.googleapis.com/RegionDisk",
        "compute.googleapis.com/Snapshot",
        "file.googleapis.com/Backup",
        "file.googleapis.com/Instance",
        "firestore.googleapis.com/Database",
        "logging.googleapis.com/LogBucket",
        "pubsub.googleapis.com/Topic",
        "secretmanager.googleapis.com/Secret",
        "secretmanager.googleapis.com/SecretVersion",
        "spanner.googleapis.com/Backup",
        "spanner.googleapis.com/Database",
        "spanner.googleapis.com/Instance",
        "sqladmin.googleapis.com/BackupRun",
        "sqladmin.googleapis.com/Instance",
    }
)

# Start-up scripts, SSH keys, steps of a build and variables of the environment often hold secrets. Each type has them
# in places of its own. Hiding all of `resource.data` would hide what names the project everywhere else too.
_CONTAINERS = ("containers", "initContainers", "ephemeralContainers")
_SPECS = ("spec", "spec.template.spec", "spec.template.spec.template.spec", "spec.jobTemplate.spec.template.spec")
SECRET_PLACES = tuple(
    f"resource.data.{place}"
    for place in (
        # Compute Engine, and Kubernetes, whose annotations repeat the whole configuration
        "metadata.items",
        "metadata.annotations",
        "commonInstanceMetadata",
        # Machines of GKE, Dataproc, Notebooks and instance templates
        *("*.metadata", "config.gceClusterConfig.metadata", "nodePools.config.metadata"),
        # Cloud Functions, App Engine, Composer, Workflows, Dataflow
        *("environmentVariables", "buildEnvironmentVariables", "*.environmentVariables"),
        *("envVariables", "buildEnvVariables", "config.softwareConfig.envVariables", "userEnvVars", "environment"),
        # Cloud Build
        *("substitutions", "steps", "options.env", "build.substitutions", "build.steps", "build.options.env"),
        # Cloud Run and Kubernetes
        *(f"template.{name}" for name in _CONTAINERS),
        *(f"template.template.{name}" for name in _CONTAINERS),
        *(f"{spec}.{name}" for spec in _SPECS for name in _CONTAINERS),
    )
)
