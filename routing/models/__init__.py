"""Rows of the routing app, one module per subject."""

from routing.core.survey import Subject
from routing.models.dns import Asked, DnsCheck, DnsFinding
from routing.models.findings import FindingsPass, LineFinding
from routing.models.hosts import HostState, MailHost
from routing.models.objects import (
    ForeignLine,
    LocalHost,
    RelayTarget,
    Route,
    RoutingObject,
    TaggedObject,
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
from routing.models.rcpt import RcptCheck
from routing.models.readings import Reading
from routing.models.retirements import Retirement
from routing.models.surveys import Source, Survey, SurveyedName, SurveyedServer

__all__ = [
    "Approval",
    "Asked",
    "ConfigPush",
    "FindingsPass",
    "DnsCheck",
    "DnsFinding",
    "ForeignLine",
    "HostState",
    "LineFinding",
    "LocalHost",
    "MailHost",
    "PushEditor",
    "PushTarget",
    "RcptCheck",
    "RelayTarget",
    "Retirement",
    "Revision",
    "Route",
    "RoutingObject",
    "Reading",
    "TaggedObject",
    "Source",
    "Subject",
    "Survey",
    "SurveyedName",
    "SurveyedServer",
    "TouchedObject",
    "VirtualDomain",
]
