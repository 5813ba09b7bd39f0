"""What every Celery application of ours has in common: one Redis, JSON, direct queues, and
nothing by which one process could command another except the two tasks.
"""

import ssl
from collections.abc import Sequence
from typing import Any

from celery import Celery
from celery.app.amqp import AMQP
from kombu import Consumer, Exchange, Queue

from mailadmin.wire.names import unacked_keys


class WithoutAcknowledgement(AMQP):
    """Consumers for which a message is over once it was taken: `Celery(amqp=...)`.

    Every message of ours is sent again from a row, so none needs to be kept until it was worked
    off. Celery logs and forgets an acknowledgement that fails because Redis was lost at that
    moment; the message then counts against the prefetch limit for ever, and the worker takes no
    other. Seen with Celery 5.7 and kombu 5.7, the prefork pool and late acknowledgement.
    """

    def TaskConsumer(self, *args: Any, **options: Any) -> Consumer:
        return super().TaskConsumer(*args, no_ack=True, **options)


def direct_queue(name: str) -> Queue:
    """A task queue on the nameless exchange: it is one Redis list and needs no binding key,
    which all hosts would have to share and any of them could change."""
    return Queue(name, Exchange("", type="direct"), routing_key=name)


def celery_settings(*, url: str, prefix: str, queues: Sequence[str]) -> dict[str, object]:
    """The configuration of an application that consumes `queues` (the first is its default);
    `prefix` is what its private Redis keys begin with."""
    return {
        "broker_url": url,
        "broker_use_ssl": _tls(url),
        "broker_connection_retry_on_startup": True,
        "broker_connection_max_retries": None,
        "broker_transport_options": {
            **unacked_keys(prefix),
            "priority_steps": [0],
            "socket_connect_timeout": 5,
            "socket_timeout": 30,
            "socket_keepalive": True,
        },
        "task_queues": [direct_queue(name) for name in queues],
        "task_default_queue": queues[0],
        "task_default_exchange": "",
        "task_default_exchange_type": "direct",
        "task_default_routing_key": queues[0],
        "task_create_missing_queues": False,
        "task_serializer": "json",
        "accept_content": ["json"],
        "task_ignore_result": True,
        # No results, so beat need not send a task every day to remove them.
        "result_expires": None,
        "task_send_sent_event": False,
        "worker_prefetch_multiplier": 1,
        "worker_send_task_events": False,
        "worker_enable_remote_control": False,
        "timezone": "UTC",
    }


def _tls(url: str) -> dict[str, object] | bool:
    """What Celery is told of TLS: the certificate and its name are checked.

    kombu 5.7 checks neither for a `rediss://` address that says nothing of it; what the address
    does say (`?ssl_ca_certs=FILE`) takes the place of this.
    """
    if not url.startswith("rediss://"):
        return False
    return {"ssl_cert_reqs": ssl.CERT_REQUIRED, "ssl_check_hostname": True}


def drop_builtin_tasks(app: Celery) -> None:
    """Take away Celery's own tasks (celery.map, celery.chain …): each can run another task by
    name, and whoever can write to the queue could call them."""
    app.finalize()
    for name in [name for name in app.tasks if name.startswith("celery.")]:
        app.tasks.unregister(name)


# A worker with these announces nothing and listens to nobody but its queue.
QUIET_WORKER = ("--without-mingle", "--without-gossip", "--without-heartbeat")
