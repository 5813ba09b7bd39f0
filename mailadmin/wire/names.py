"""Every name in Redis, in one place: task queues, blobs, users."""

from collections.abc import Mapping

from mailadmin.wire.core.messages import Role

CARRY_OUT = "mailadmin.carry_out"
RECORD_REPORT = "mailadmin.record_report"

REPORTS_QUEUE = "reports"
CONTROL_QUEUE = "control"
CONTROL_USER = "control"


def task_queue(host: str, role: Role) -> str:
    """The task queue, and the prefix of every key, of one agent."""
    return f"host.{host}.{role.value}"


def redis_user(host: str, role: Role) -> str:
    return task_queue(host, role)


def blob_key(host: str, role: Role, digest: str) -> str:
    return f"{task_queue(host, role)}.blob.{digest}"


def unacked_keys(prefix: str) -> Mapping[str, str]:
    """kombu's transport options for messages that a worker has taken and not yet acknowledged;
    its defaults are shared by all workers of a Redis, which would let one host read another's."""
    return {
        "unacked_key": f"{prefix}.unacked",
        "unacked_index_key": f"{prefix}.unacked_index",
        "unacked_mutex_key": f"{prefix}.unacked_mutex",
    }
