"""The site's m4 is no edit that somebody picks, and still nobody approves their own."""

from __future__ import annotations

from uuid import uuid4

import pytest

from mailadmin.people.models import Person
from mailadmin.people.roles import PersonRole
from mailadmin.people.services import actor, set_roles
from routing.core.facts import HostKind
from routing.core.intent import ObjectKind
from routing.models import ConfigPush, MailHost
from routing.services.approve import why_not
from routing.services.hosts import save_mail_host
from routing.services.objects import save_object
from routing.services.propose import propose
from tests.integration.pages import world

pytestmark = pytest.mark.django_db


@pytest.fixture
def people() -> dict[str, Person]:
    """Anne is administrator and approver: she may write the m4, and approve what others wrote."""
    found = world.people()
    anne = found["anne"]
    both = {PersonRole.ADMINISTRATOR, PersonRole.APPROVER}
    set_roles(person=anne, roles=both, by=actor(anne))
    return {**found, "anne": Person.objects.get(pk=anne.pk)}


@pytest.fixture
def listes() -> MailHost:
    host = world.list_server()
    world.imported(host)
    return host


def save_m4(host: MailHost, text: str, by: Person) -> None:
    save_mail_host(
        identity=host.pk,
        version=MailHost.objects.get(pk=host.pk).version,
        name=host.name,
        kind=HostKind(host.kind),
        position=host.position,
        site_m4=text,
        by=actor(by),
    )


def push_by(person: Person, host: MailHost, key: str) -> ConfigPush:
    row = save_object(
        identity=uuid4(),
        version=0,
        server=host,
        kind=ObjectKind.VIRTUAL_DOMAIN,
        key=key,
        by=person,
    )
    host.refresh_from_db()
    return propose(picked=frozenset({row.pk}), title=f"Add {key}", by=person)


def test_who_wrote_the_m4_that_rides_in_a_push_cannot_approve_it(
    people: dict[str, Person], listes: MailHost
) -> None:
    save_m4(listes, "define(`confTO_CONNECT', `20s')\n", by=people["anne"])
    push = world.prove(push_by(people["claire"], listes, "conf.renater.fr"))
    reasons = {reason.code: reason.text for reason in why_not(push=push, person=people["anne"])}
    assert reasons["editor"].startswith("You edited the m4 of listes in it.")
    assert why_not(push=push, person=people["paul"]) == ()


def test_m4_that_is_live_already_keeps_nobody_from_approving(
    people: dict[str, Person], listes: MailHost
) -> None:
    save_m4(listes, "define(`confTO_CONNECT', `20s')\n", by=people["anne"])
    first = world.prove(push_by(people["claire"], listes, "conf.renater.fr"))
    world.deploy_now(first)
    second = world.prove(push_by(people["claire"], listes, "events.renater.fr"))
    assert why_not(push=second, person=people["anne"]) == ()


def test_another_change_of_the_host_makes_nobody_an_editor(
    people: dict[str, Person], listes: MailHost
) -> None:
    save_mail_host(
        identity=listes.pk,
        version=listes.version,
        name=listes.name,
        kind=HostKind.LIST_SERVER,
        position=3,
        by=actor(people["anne"]),
    )
    push = world.prove(push_by(people["claire"], listes, "conf.renater.fr"))
    assert why_not(push=push, person=people["anne"]) == ()
