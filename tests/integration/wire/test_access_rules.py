"""What the Redis user of an agent may do: its work, and nothing else."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis

from mailadmin.wire.acl import acl_line, acl_rules, agent_line
from mailadmin.wire.core.messages import Role
from mailadmin.wire.names import CONTROL_USER, blob_key, redis_user
from tests.fixtures.sandbox import new_directory
from tests.integration.wire.conftest import Redis, start_with_rules

ME = redis_user("listes", Role.DEPLOY)
OTHERS_QUEUE = "host.listes.spool"
OTHERS_BLOB = blob_key("other", Role.DEPLOY, "a" * 64)

Act = Callable[[redis.Redis], object]


def raw(*words: str) -> Act:
    return lambda r: r.execute_command(*words)  # type: ignore[no-untyped-call]  # redis-py's own


def in_transaction(client: redis.Redis) -> object:
    with client.pipeline(transaction=True) as pipe:
        pipe.get(OTHERS_BLOB)
        return pipe.execute()


@pytest.fixture(scope="module")
def shared_redis(scratch_root: Path) -> Iterator[Redis]:
    """One for all these tests: none of them gets far enough to change it."""
    directory = new_directory(scratch_root)
    running = start_with_rules(directory)
    yield running
    running.kill()
    shutil.rmtree(directory)


@pytest.fixture
def own_redis(shared_redis: Redis) -> Redis:
    with shared_redis.client() as admin:
        admin.flushall()
    return shared_redis


FORBIDDEN: dict[str, Act] = {
    "read an order of the other role": lambda r: r.lrange(OTHERS_QUEUE, 0, -1),
    "take an order of the other role": lambda r: r.rpop(OTHERS_QUEUE),
    "wait for an order of another host": lambda r: r.brpop(["host.other.deploy"], timeout=1),
    "put an order to the other role": lambda r: r.lpush(OTHERS_QUEUE, "x"),
    "delete another queue": lambda r: r.delete(OTHERS_QUEUE),
    "read a blob of another host": lambda r: r.get(OTHERS_BLOB),
    "write a blob of another host": lambda r: r.set(OTHERS_BLOB, "x"),
    "delete a blob of another host": lambda r: r.delete(OTHERS_BLOB),
    "read what another worker holds": lambda r: r.hget("host.listes.spool.unacked", "x"),
    "change what another worker holds": lambda r: r.hdel("host.listes.spool.unacked", "x"),
    "use a longer name than its own": lambda r: r.set("host.listes.deployment", "x"),
    "use the keys of a host whose name begins alike": lambda r: r.set("host.listes-2.deploy", "x"),
    "read the reports": lambda r: r.lrange("reports", 0, -1),
    "count the reports": lambda r: r.llen("reports"),
    "take a report": lambda r: r.rpop("reports"),
    "delete the reports": lambda r: r.delete("reports"),
    "replace the reports": lambda r: r.set("reports", "x"),
    "put a report at the other end": lambda r: r.rpush("reports", "x"),
    "nudge the control worker": lambda r: r.lpush("control", "x"),
    "read what the control worker holds": lambda r: r.hget("reports.unacked", "x"),
    "read the cache": lambda r: r.get("cache:1:x"),
    "bind a queue of its own": lambda r: r.sadd("_kombu.binding.x", "x"),
    "read the bindings": lambda r: r.smembers("_kombu.binding.x"),
    "list all keys": lambda r: r.keys("*"),
    "walk all keys": lambda r: r.scan(),
    "publish": lambda r: r.publish("/0.celery.pidbox", "x"),
    "subscribe": raw("PSUBSCRIBE", "*"),
    "empty the database": lambda r: r.flushdb(),
    "empty the server": lambda r: r.flushall(),
    "read the configuration": lambda r: r.config_get("*"),
    "change the configuration": lambda r: r.config_set("dir", "/tmp"),
    "list the users": lambda r: r.acl_list(),
    "give itself more": raw("ACL", "SETUSER", ME, "+@all", "~*"),
    "stop the server": lambda r: r.shutdown(),
    "watch the others": raw("MONITOR"),
    "list the clients": lambda r: r.client_list(),
    "end a connection": lambda r: r.client_kill("127.0.0.1:1"),
    "replicate to itself": lambda r: r.replicaof("127.0.0.1", 1),
    "run a script of its own": lambda r: r.eval("return 1", 0),
    "call a function": raw("FCALL", "x", "0"),
    "move a key": lambda r: r.rename(ME, OTHERS_QUEUE),
    "copy another's key": lambda r: r.copy(OTHERS_BLOB, f"{ME}.copy"),
    "reach another's key by a script": lambda r: r.register_script(
        "return redis.call('GET', ARGV[1])"
    )(args=[OTHERS_BLOB]),
    "reach another's key in a transaction": lambda r: in_transaction(r),
}


@pytest.mark.parametrize("name", FORBIDDEN)
def test_an_agent_may_not(own_redis: Redis, name: str) -> None:
    with own_redis.client() as admin:
        admin.lpush(OTHERS_QUEUE, "secret")
        admin.lpush("reports", "secret")
        admin.set(OTHERS_BLOB, "secret")
        before = {key: admin.dump(key) for key in sorted(admin.keys("*"))}

    with own_redis.client(ME) as client, pytest.raises(redis.ResponseError) as caught:
        FORBIDDEN[name](client)

    text = str(caught.value).lower()
    assert "no permission" in text or "can't access" in text or "acl failure" in text
    with own_redis.client() as admin:
        assert {key: admin.dump(key) for key in sorted(admin.keys("*"))} == before


def test_an_agent_may_add_a_report_and_use_its_own_keys(own_redis: Redis) -> None:
    with own_redis.client(ME) as client:
        client.lpush("reports", "x")
        client.lpush(ME, "x")
        client.set(blob_key("listes", Role.DEPLOY, "a" * 64), "x", ex=10)
        assert client.rpop(ME) == b"x"

    with own_redis.client() as admin:
        assert admin.lrange("reports", 0, -1) == [b"x"]


@pytest.mark.parametrize("key", ["host.listes.deploy", "reports", "control.unacked", "cache:1:x"])
def test_the_control_plane_reaches_what_is_ours(own_redis: Redis, key: str) -> None:
    with own_redis.client(CONTROL_USER) as client:
        client.lpush(key, "x")
        assert client.delete(key) == 1


@pytest.mark.parametrize("act", ["flushall", "config_get", "acl_list", "shutdown"])
def test_the_control_plane_does_not_administer(own_redis: Redis, act: str) -> None:
    with own_redis.client(CONTROL_USER) as client, pytest.raises(redis.ResponseError):
        getattr(client, act)()


def test_the_lines_of_a_file_hold_no_password() -> None:
    line = agent_line("listes", Role.DEPLOY, "secret")

    assert line == acl_line("host.listes.deploy", "secret", acl_rules("listes", Role.DEPLOY))
    assert line.startswith("user host.listes.deploy reset on #2bb80d537b1da3e38bd30361aa855686")
    assert " secret" not in line
