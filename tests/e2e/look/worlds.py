"""The sites that the pages are looked at in: a full one, an empty one, a large and a silent one.

Each function makes the rows and returns the names that addresses of the catalogue may hold, so
that no page of it is written with a number.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import timedelta
from itertools import islice
from typing import Any
from uuid import uuid4

from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.core.management import call_command
from django.db import connection, transaction
from django.utils import timezone

from mailadmin.audit.services import CONTROL, SETUP
from mailadmin.people.factors import remove_factors
from mailadmin.people.links import invite_person
from mailadmin.people.models import Person
from mailadmin.people.roles import PersonRole
from mailadmin.people.services import actor, create_person, set_active
from mailadmin.saved.models import SavedFilter
from mailadmin.saved.services import save_filter
from mailadmin.wire.models import Agent
from routing.core.adopt.information import read_access
from routing.core.dns.answers import Outcome
from routing.core.facts import HostKind
from routing.core.intent import ObjectKind
from routing.core.retirement import RetireStep
from routing.core.states import PushState, TargetState
from routing.models import (
    ConfigPush,
    DnsCheck,
    HostState,
    MailHost,
    RcptCheck,
    RelayTarget,
    RoutingObject,
    Survey,
    SurveyedServer,
)
from routing.services.acts import Act
from routing.services.approve import refuse
from routing.services.bulk_acts import do_act
from routing.services.hosts import save_mail_host
from routing.services.importing import import_mailertable, read_mailertable
from routing.services.objects import delete_object, save_object, set_enabled
from routing.services.rcpt import watch_domains
from routing.services.reading import ask_reading
from routing.services.relays import save_relay_target
from routing.services.retirement import Wanted, take_step
from routing.services.transitions import move_push, move_target
from spools.core.kept import KeptMessage
from tests.e2e.look.passkeys import credential
from tests.e2e.look.probed import heard_relays, relays_of_full, silence_relays, stir_relays
from tests.e2e.look.runs import runs, stir_runs
from tests.e2e.look.spooled import (
    heard_spools,
    silence_spools,
    spools_of_full,
    spools_of_many,
    stir_spools,
)
from tests.fixtures.audited import unaudited
from tests.fixtures.kept_rows import begin_with
from tests.fixtures.surveyed import accepted, robots, surveyed
from tests.integration.dns.told import told
from tests.integration.pages import world
from tests.integration.pages.test_reading import FOUND, answer

Names = Mapping[str, object]
ROWS = 5000
GONE = "gone.renater.fr\tesmtp:[127.0.0.1]\n"
"""A domain that is live and deleted here."""
FOREIGN = """\
old.renater.fr\terror:5.1.2:No such domain any more
fax.renater.fr\tuucp-dom:faxgate
"""
DRIFT = {
    "file": "mailertable.db",
    "code": "keys",
    "text": "holds other keys than were staged: + by-hand.example.org esmtp:[127.0.0.1]",
    "since": "2026-11-02T01:30:00+00:00",
}
ZONE = {
    ("listes.renater.fr", "A"): ["192.0.2.10"],
    ("smtp1.renater.fr", "A"): ["192.0.2.20"],
    ("10.2.0.192.in-addr.arpa", "PTR"): ["listes.renater.fr"],
    ("jres.org", "MX"): ["10 listes.renater.fr"],
    ("jres.org", "TXT"): ["v=spf1 mx include:_spf.renater.fr -all"],
    ("_spf.renater.fr", "TXT"): ["v=spf1 ip4:192.0.2.128/25 ~all"],
    ("renater.fr", "MX"): ["10 mx.elsewhere.example", "20 listes.renater.fr"],
    ("mx.elsewhere.example", "A"): ["198.51.100.7"],
    ("host.renater.fr", "A"): ["192.0.2.44"],
    ("host.renater.fr", "MX"): ["10 mx.elsewhere.example"],
    ("renater.fr", "TXT"): ["v=spf1 ip4:192.0.2.20 ip4:192.0.2.10 -all"],
    ("events.renater.fr", "*"): Outcome.TIMED_OUT,
}
"""What the DNS says of the full site: something good, much that is not, and one that is silent."""
TAGGED = {
    "paris": ("jres.org", "host.renater.fr", "fax.renater.fr", "."),
    "customer-7 to-check-in-spring": ("jres.org", "events.renater.fr"),
}
EDITED_BY_HAND = ("listes", "lists2")
ACCESS = """\
To:jres.org\tREJECT
Connect:jres.org\tRELAY
AuthInfo:smtp1.renater.fr "U:listes" "P:never shown"
"""
LONG = "a-very-long-name-of-a-laboratory-that-nobody-could-shorten.departement.universite.example"


def empty() -> Names:
    """People and nothing else: the first minute of a site."""
    everybody()
    return {}


def full() -> Names:
    """Every kind of object, and pushes in every state that a person acts on."""
    people = everybody()
    claire, luc = people["claire"], people["luc"]
    listes = world.list_server()
    live = world.imported(listes, world.TABLE + GONE + FOREIGN)
    world.add_relay("smtp2", claire)
    row = world.add_domain(listes, "conf.renater.fr", claire)
    waiting = world.prove(world.proposed([row.pk], claire, "Add conf.renater.fr"))
    world.answered(waiting, [f"probe{n}@conf.renater.fr" for n in range(30)])
    _edits(listes, claire, luc)
    _kept(listes)
    told(ZONE, now=timezone.now() - timedelta(hours=3))
    _tags(claire)
    _surveyed(listes)
    kept_filter = _saved(claire, luc)
    with unaudited():
        going, ended = runs(listes)
    names: dict[str, object] = {"live": live.pk, "waiting": waiting.pk, "filter": kept_filter.pk}
    names |= {"run": going.number, "run_ended": ended.number}
    for position, (state, make) in enumerate(ELSEWHERE.items(), 1):
        names[state] = make(_other_host(f"lists{position}", position), claire, people["paul"]).pk
    _silent()
    names["before"] = _before(claire).pk
    _retiring(claire, luc)
    _new(listes)
    names |= _readings(claire)
    _machines()
    relays_of_full(listes)
    spools_of_full(listes)
    _, names["secret"] = invite_person(
        username="iris",
        full_name="Iris Ivanova",
        email="iris@renater.fr",
        roles=frozenset({PersonRole.VIEWER}),
        by=SETUP,
    )
    return names | {"key": Authenticator.objects.get(type=Authenticator.Type.WEBAUTHN).pk}


def silent() -> Names:
    """The full site, from which no agent was heard for two hours; files were edited by hand."""
    names, then = full(), timezone.now() - timedelta(hours=2)
    with unaudited():
        Agent.objects.update(last_seen_at=then)
        seen = HostState.objects.filter(deploy_at__isnull=False)
        seen.update(deploy_at=then, spool_at=then)
        seen.filter(host__name__in=EDITED_BY_HAND).update(drift=[DRIFT])
        _dns_silent()
        Survey.objects.update(told_at=then - timedelta(days=3))
        silence_relays(then)
        silence_spools(then)
    return names


def many() -> Names:
    """Lists as long as they get, and a push with as many changes."""
    names, now = dict(full()), timezone.now()
    listes = MailHost.objects.get(name="listes")
    with unaudited():
        RoutingObject.objects.bulk_create(_rows(listes), batch_size=500)
        RelayTarget.objects.bulk_create(
            RelayTarget(
                name=f"relay{n:03}",
                hosts=[f"relay{n:03}.renater.fr"],
                changed_at=now,
                changed_by="Claire Martin",
            )
            for n in range(200)
        )
        for n in range(200):
            create_person(
                username=f"person{n:03}",
                full_name=f"Person {n:03}",
                password=world.PASSWORD,
                roles={PersonRole.VIEWER},
                by=SETUP,
            )
    spools_of_many(listes)
    claire = Person.objects.get(username="claire")
    picked = RoutingObject.objects.filter(key__startswith="many0").values_list("pk", flat=True)
    large = world.prove(world.proposed(islice(picked, ROWS), claire, "Add the new laboratories"))
    return names | {"waiting": large.pk}


WORLDS: Mapping[str, Callable[[], Names]] = {
    "empty": empty,
    "full": full,
    "silent": silent,
    "many": many,
    "contested": full,
}


@transaction.atomic
def make(name: str) -> Names:
    """Make a world's rows in an empty database."""
    return begin_with(WORLDS[name])


def kept(names: Names) -> Callable[[], Names]:
    """Keep the database as it is now; what is returned puts it back, as often as wanted.

    SQLite copies its pages, in a moment; elsewhere a full site is made anew.
    """
    if connection.vendor != "sqlite":
        return _anew
    copy = sqlite3.connect(":memory:", check_same_thread=False)
    connection.ensure_connection()
    connection.connection.backup(copy)

    def again() -> Names:
        copy.backup(connection.connection)
        return names

    return again


def _anew() -> Names:
    with unaudited():
        call_command("flush", interactive=False, verbosity=0)
    return make("full")


def everybody() -> dict[str, Person]:
    """One person for each role, and Tess, who signs in with everything there is. Otto lost what he
    had.
    """
    people = world.people()
    tess = create_person(
        username="tess",
        full_name="Tess Tournier",
        password=world.PASSWORD,
        roles={PersonRole.EDITOR, PersonRole.APPROVER},
        by=SETUP,
    )
    TOTP.activate(tess, generate_totp_secret())
    RecoveryCodes.activate(tess)
    passkey = {"name": "Tess's laptop", "passwordless": True, "credential": credential()}
    Authenticator.objects.create(user=tess, type=Authenticator.Type.WEBAUTHN, data=passkey)
    TOTP.activate(people["otto"], generate_totp_secret())
    remove_factors(person=people["otto"], reason="Lost his phone.", by=actor(people["anne"]))
    return people | {"tess": tess}


def heard() -> None:
    """The agents spoke just now: a look that takes minutes would else become one at silence."""
    now = timezone.now()
    Agent.objects.update(last_seen_at=now)
    HostState.objects.filter(deploy_at__isnull=False).update(deploy_at=now)
    HostState.objects.filter(spool_at__isnull=False).update(spool_at=now)
    heard_relays(now)
    heard_spools(now)


def stir() -> None:
    """What a poll finds: a push was written, an agent spoke, a host was looked at."""
    heard()
    stir_relays()
    stir_spools()
    stir_runs()
    HostState.objects.update(deploy_at=timezone.now())
    RcptCheck.objects.update(answered_at=timezone.now())
    with transaction.atomic():
        for host in MailHost.objects.filter(name__startswith="lists"):
            world.add_domain(host, f"stirred-{uuid4().hex[:8]}.example", _claire())
        for push in ConfigPush.objects.all():
            push.version += 1
            push.save(update_fields=["version"])


def meanwhile(route: str) -> None:
    """Luc saves or deletes what the reader has open; what a form sent before then meets."""
    luc = Person.objects.get(username="luc")
    if route == "domain-page":
        _delete(RoutingObject.objects.get(key="jres.org", server__name="listes"), luc)
    elif route == "local-host-page":
        row = RoutingObject.objects.get(key="host.renater.fr", server__name="listes")
        _save(row, luc, enabled=False, note="Out of order since Monday.")
    elif route == "route-page":
        row = RoutingObject.objects.get(key=".", server__name="listes")
        smtp2 = RelayTarget.objects.get(name="smtp2").pk
        _save(row, luc, relay_target=smtp2, note="smtp1 is worked on.")
    elif route == "relay":
        relay = RelayTarget.objects.get(name="smtp1")
        save_relay_target(
            identity=relay.pk,
            version=relay.version,
            name=relay.name,
            hosts=[*relay.hosts, "smtp1b.renater.fr"],
            port=relay.port,
            note="A second address.",
            by=luc,
        )
    elif route == "mail-host-edit":
        host = MailHost.objects.get(name="listes")
        save_mail_host(
            identity=host.pk,
            version=host.version,
            name=host.name,
            kind=HostKind(host.kind),
            position=3,
            note="After the other list servers.",
            by=actor(luc),
        )


def _save(row: RoutingObject, by: Person, **values: Any) -> None:
    kept = {name: getattr(row, name) for name in ("server", "key", "enabled", "mailer", "next_hop")}
    kept["relay_target"] = row.relay_target_id
    save_object(
        identity=row.pk, version=row.version, kind=ObjectKind(row.kind), by=by, **(kept | values)
    )


def _delete(row: RoutingObject, by: Person) -> None:
    delete_object(identity=row.pk, version=row.version, by=by)


def _claire() -> Person:
    return Person.objects.get(username="claire")


def _edits(listes: MailHost, claire: Person, luc: Person) -> None:
    """Saved and not live: a new key, a long one, one of other letters, a removed and a paused."""
    world.add_domain(listes, "events.renater.fr", claire)
    world.add_domain(listes, LONG, luc)
    world.add_domain(listes, "xn--caf-dma.example", claire)
    save_object(
        identity=uuid4(),
        version=0,
        server=listes,
        kind=ObjectKind.ROUTE,
        key="partner.example",
        relay_target=RelayTarget.objects.get(name="smtp2").pk,
        note="Their own relay; asked for in spring.",
        by=claire,
    )
    paused = RoutingObject.objects.get(server=listes, key="demo.sympa.org")
    set_enabled(identity=paused.pk, version=paused.version, enabled=False, by=luc)
    world.add_domain(listes, "never.renater.fr", luc)
    for key in ("gone.renater.fr", "never.renater.fr"):
        _delete(RoutingObject.objects.get(server=listes, key=key), luc)


def _tags(claire: Person) -> None:
    """Words on a few of everything."""
    for words, keys in TAGGED.items():
        chosen = RoutingObject.objects.filter(key__in=keys, server__name="listes")
        picked = dict(chosen.values_list("pk", "version"))
        do_act(act=Act.TAG, chosen=picked, token=uuid4(), text=words, by=claire)
    relay, host = RelayTarget.objects.get(name="smtp2"), MailHost.objects.get(name="listes")
    save_relay_target(
        identity=relay.pk,
        version=relay.version,
        name=relay.name,
        hosts=relay.hosts,
        port=relay.port,
        tags="partner spare",
        by=claire,
    )
    save_mail_host(
        identity=host.pk,
        version=host.version,
        name=host.name,
        kind=HostKind.LIST_SERVER,
        position=host.position,
        tags="paris",
        by=SETUP,
    )


def _saved(claire: Person, luc: Person) -> SavedFilter:
    """Filters of two people; one of them names a server that nobody has."""
    for person, name, query, shared in (
        (luc, "What waits for a push", "state=edited&sort=-changed", True),
        (claire, "Customer 7, to check in spring", "tag=customer-7+to-check-in-spring", False),
        (claire, "The old machine", "server=lists99", True),
    ):
        row = save_filter(
            identity=uuid4(), place="domain", name=name, query=query, shared=shared, person=person
        )
    return row


def _kept(listes: MailHost) -> None:
    kept = KeptMessage(
        id="1795412371.403610-9253",
        at=timezone.now().timestamp() - 2400,
        ended="exit 78",
        sender="demo-owner@renater.fr",
        recipients=("all@jres.org",),
        recipients_total=1,
        message_id="<24165@renater.fr>",
    )
    with unaudited():
        HostState.objects.filter(host=listes).update(kept=[kept.to_json()], kept_total=3)


def _surveyed(listes: MailHost) -> None:
    """A robot that no line has, a line without a robot, and one that the MTA refuses."""
    names = ("renater.fr", "demo.sympa.org", "colloque.renater.fr", "host.renater.fr")
    surveyed(listes, robots(*names), accepted("jres.org", "demo.sympa.org"), at=timezone.now())


def _silent() -> None:
    """A list server whose agent's file names nothing, and one whose agent does not answer."""
    now = timezone.now()
    later = now + timedelta(hours=1)
    first, second = (MailHost.objects.get(name=name) for name in ("lists1", "lists2"))
    SurveyedServer.objects.create(
        host=first, due_at=later, asked_at=now, answered_at=now, places={}
    )
    error = "lists2 did not answer in 3 min. Look at its agent, then try again."
    SurveyedServer.objects.create(
        host=second, due_at=later, asked_at=now, tries=9, error=error, error_at=now
    )


def _dns_silent() -> None:
    """Nobody answers since a week; what was known before has that age."""
    then = timezone.now() - timedelta(days=8)
    for row in DnsCheck.objects.all():
        row.answers = {name: {**part, "at": then.isoformat()} for name, part in row.answers.items()}
        row.outcome = Outcome.TIMED_OUT.value
        row.save(update_fields=["answers", "outcome"])


def _other_host(name: str, position: int) -> MailHost:
    host = world.list_server(name, position)
    table = "".join(
        line if line.startswith(".") else f"{name}.{line}"
        for line in world.TABLE.replace("smtp1", f"smtp-{name}").splitlines(keepends=True)
    )
    world.imported(host, table)
    return host


def _before(claire: Person) -> ConfigPush:
    """The first push of a server whose old configuration sent some mail another way."""
    host = world.list_server("annuaire", len(ELSEWHERE) + 1)
    table = world.TABLE.replace("smtp1", "smtp-annuaire")
    plan = read_mailertable(text=table, host=host, source="mailertable")
    push = world.prove(import_mailertable(plan=plan, person=claire))
    world.answered(push, [f"probe{n}@jres.org" for n in range(14)])
    return world.compared(push)


def _readings(claire: Person) -> Names:
    """A server whose files were read, and one whose agent has not answered yet."""
    read, waits = (world.list_server(name, 18) for name in ("archives", "bulletins"))
    reading = ask_reading(host=read, by=actor(claire), person=claire)
    access = read_access(ACCESS, ["jres.org"])
    answer(reading, replace(FOUND, access=access))
    return {"reading": reading.pk, "reading_waits": ask_reading(host=waits, by=actor(claire)).pk}


def _open(host: MailHost, claire: Person) -> ConfigPush:
    row = world.add_domain(host, f"new.{host.name}.example", claire)
    return world.proposed([row.pk], claire, f"Add {row.key}")


def _staging(host: MailHost, claire: Person, paul: Person) -> ConfigPush:
    del paul
    push = _open(host, claire)
    move_push(push=push, to=PushState.STAGING, by=CONTROL)
    return push


def _deploying(host: MailHost, claire: Person, paul: Person) -> ConfigPush:
    push = world.approved(world.prove(_open(host, claire)), paul)
    if push.state == PushState.APPROVED:
        move_push(push=push, to=PushState.DEPLOYING, by=CONTROL)
    return push


def _stopped(host: MailHost, claire: Person, paul: Person) -> ConfigPush:
    push = _deploying(host, claire, paul)
    error = {"code": "drift", "text": "mailertable was edited on the host", "output": "rc=75"}
    target = push.targets.get()
    move_target(target=target, to=TargetState.FAILED, by=CONTROL, note="drift", error=error)
    push.refresh_from_db()
    move_push(push=push, to=PushState.STOPPED, by=CONTROL)
    return push


def _failed(host: MailHost, claire: Person, paul: Person) -> ConfigPush:
    push = _staging(host, claire, paul)
    error = {
        "code": "m4",
        "text": "m4 ended with 1",
        "output": "m4:sympa.mc:3: cannot open `proto.m4': No such file or directory",
    }
    target = push.targets.get()
    move_target(target=target, to=TargetState.FAILED, by=CONTROL, note="m4", error=error)
    push.refresh_from_db()
    move_push(push=push, to=PushState.FAILED, by=CONTROL)
    return push


def _refused(host: MailHost, claire: Person, paul: Person) -> ConfigPush:
    push = world.prove(_open(host, claire))
    refuse(push=push, digest=push.digest, reason="Not before the holidays.", by=paul)
    return push


def _approved(host: MailHost, claire: Person, paul: Person) -> ConfigPush:
    return world.approved(world.prove(_open(host, claire)), paul, at_once=False)


def _unapproved(host: MailHost, claire: Person, paul: Person) -> ConfigPush:
    """Approved by somebody whose account was closed since."""
    del paul
    nina = create_person(
        username="nina",
        full_name="Nina Noir",
        password=world.PASSWORD,
        roles={PersonRole.APPROVER},
        by=SETUP,
    )
    push = world.approved(world.prove(_open(host, claire)), nina, at_once=False)
    set_active(person=nina, active=False, reason="left in May", by=SETUP)
    return push


ELSEWHERE: Mapping[str, Callable[[MailHost, Person, Person], ConfigPush]] = {
    "staging": _staging,
    "approved": _approved,
    "deploying": _deploying,
    "stopped": _stopped,
    "failed": _failed,
    "refused": _refused,
    "unapproved": _unapproved,
}


def _new(listes: MailHost) -> None:
    """Domains that are looked at: one of which the MTA said something, and one not asked yet."""
    now = timezone.now()
    watch_domains(server=listes, domains=["conf.renater.fr", "events.renater.fr"], now=now)
    RcptCheck.objects.filter(domain="conf.renater.fr").update(
        asked_at=now,
        answered_at=now,
        verdict="accepted",
        code=250,
        text="2.1.5 <postmaster@conf.renater.fr>... Recipient ok",
        stranger="accepted",
        stranger_code=250,
        stranger_text="2.1.5 Recipient ok",
    )


def _retiring(claire: Person, luc: Person) -> None:
    """One that drains, and one whose rejection is saved and not live."""
    later = timezone.localdate() + timedelta(days=20)
    take_step(
        identity=RoutingObject.objects.get(server__name="listes", key="renater.fr").pk,
        wanted=Wanted(
            to=RetireStep.DRAINING, version=1, seen=0, next_on=later, note="Moves to forums."
        ),
        by=claire,
    )
    row = RoutingObject.objects.get(key="lists6.jres.org")
    for seen, step in enumerate((RetireStep.DRAINING, RetireStep.REJECTING)):
        take_step(identity=row.pk, wanted=Wanted(to=step, version=1, seen=seen), by=luc)


def _machines() -> None:
    """A relay host, and a list server of which nothing was heard yet."""
    save_mail_host(
        identity=None, name="relais", kind=HostKind.OUTGOING_RELAY, position=20, by=SETUP
    )
    save_mail_host(identity=None, name="forums", kind=HostKind.LIST_SERVER, position=21, by=SETUP)


def _rows(listes: MailHost) -> Iterable[RoutingObject]:
    relay = RelayTarget.objects.get(name="smtp1")
    now = timezone.now()
    for kind, extra in (
        (ObjectKind.VIRTUAL_DOMAIN, {}),
        (ObjectKind.LOCAL_HOST, {}),
        (ObjectKind.ROUTE, {"relay_target": relay}),
        (ObjectKind.FOREIGN_LINE, {"mailer": "error", "next_hop": "5.1.2:gone"}),
    ):
        for number in range(ROWS):
            yield RoutingObject(
                server=listes,
                kind=kind,
                key=f"many{number:04}.{kind.value.replace('_', '-')}.example",
                changed_at=now,
                changed_by="Claire Martin",
                **extra,
            )
