"""The least that a Redis user of ours needs (Redis 7 or newer).

The commands are those that kombu's Redis transport and our blob store really send; keys are the
one host's own. Redis is not trusted with orders, they are signed: this keeps one mail host from
reading or deleting what belongs to another.
"""

import hashlib

from mailadmin.wire.core.messages import Role
from mailadmin.wire.names import REPORTS_QUEUE, redis_user, task_queue

# Without client|setinfo, which Redis 7.0 does not know and would refuse the whole file for; the
# client passes over the refusal.
_CONNECTION = ("+ping", "+hello", "+client|setname", "+select")
_TRANSACTION = ("+multi", "+exec", "+discard", "+watch", "+unwatch")
_LISTS = ("+brpop", "+rpop", "+lpush", "+rpush", "+llen")
_UNACKED = ("+zadd", "+zrem", "+zrange", "+hset", "+hget", "+hdel")
# kombu's mutex is redis-py's lock: SET NX, then a script that compares and deletes.
_MUTEX = ("+set", "+get", "+del", "+evalsha", "+script|load")
_BLOBS = ("+set", "+get", "+strlen")


def acl_rules(host: str, role: Role) -> list[str]:
    """For one agent: everything on its own keys, and adding to the reports, never reading them."""
    prefix = task_queue(host, role)
    return [
        "resetkeys",
        "resetchannels",
        "-@all",
        f"~{prefix}",
        f"~{prefix}.*",
        *_ordered(_CONNECTION, _TRANSACTION, _LISTS, _UNACKED, _MUTEX, _BLOBS),
        f"(%W~{REPORTS_QUEUE} +lpush)",
    ]


def control_rules() -> list[str]:
    """For web, control workers and beat: every key of ours, no administration."""
    return [
        "resetkeys",
        "resetchannels",
        "-@all",
        *(f"~{pattern}" for pattern in ("host.*", "reports*", "control*", "cache*")),
        "+@read",
        "+@write",
        "+@connection",
        "+@transaction",
        "+@scripting",
        "+time",
        "-@dangerous",
    ]


def acl_line(user: str, password: str, rules: list[str]) -> str:
    """One line of a Redis ACL file; the password is in it only as its SHA-256."""
    digest = hashlib.sha256(password.encode("utf-8")).hexdigest()
    return " ".join(["user", user, "reset", "on", f"#{digest}", *rules])


def agent_line(host: str, role: Role, password: str) -> str:
    return acl_line(redis_user(host, role), password, acl_rules(host, role))


def _ordered(*groups: tuple[str, ...]) -> list[str]:
    return list(dict.fromkeys(command for group in groups for command in group))
