"""Rows of the routing app, one module per subject."""

from routing.models.findings import FindingsPass, LineFinding
from routing.models.hosts import HostState, MailHost
from routing.models.objects import (
    ForeignLine,
    LocalHost,
    RelayTarget,
    Route,
    RoutingObject,
    VirtualDomain,
)
from routing.models.pushes import (
    Approval,
    ConfigPush,
    PushEditor,
    PushTarget,
    Revision,
    TouchedObject,
)

__all__ = [
    "Approval",
    "ConfigPush",
    "FindingsPass",
    "ForeignLine",
    "HostState",
    "LineFinding",
    "LocalHost",
    "MailHost",
    "PushEditor",
    "PushTarget",
    "RelayTarget",
    "Revision",
    "Route",
    "RoutingObject",
    "TouchedObject",
    "VirtualDomain",
]
