"""A small site in the database: people, two mail hosts, the tables of one, and pushes in any state.

Rows are made by the services that make them in life. What an agent would report (manifest, proof)
is written as the control plane writes it, so that no test of a page needs a mail host.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from uuid import UUID, uuid4

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.db import transaction
from django.utils import timezone

from mailadmin.audit.services import CONTROL, SETUP
from mailadmin.people.models import Person
from mailadmin.people.roles import PersonRole
from mailadmin.people.services import create_person
from mailadmin.wire.core.blobs import pack
from mailadmin.wire.core.canonical import canonical, digest_of
from mailadmin.wire.core.messages import Role
from mailadmin.wire.keys import public_text
from mailadmin.wire.models import Agent
from mailadmin.wire.services import register_agent
from routing.core.facts import HostFacts, HostKind, facts_to_json
from routing.core.intent import ObjectKind
from routing.core.states import PushState, TargetState
from routing.models import ConfigPush, HostState, MailHost, PushTarget, RelayTarget, RoutingObject
from routing.services.approve import approve
from routing.services.deploy import deploy
from routing.services.hosts import save_mail_host
from routing.services.importing import import_mailertable, read_mailertable
from routing.services.objects import save_object
from routing.services.order import digest_of_push
from routing.services.propose import propose
from routing.services.relays import save_relay_target
from routing.services.transitions import move_push, move_target
from tests.fixtures.kept_rows import begin_with

PASSWORD = "correct horse battery staple"
PEOPLE = {
    "vera": ("Vera Viewer", {PersonRole.VIEWER}),
    "claire": ("Claire Martin", {PersonRole.EDITOR}),
    "luc": ("Luc Petit", {PersonRole.EDITOR, PersonRole.APPROVER}),
    "paul": ("Paul Leroy", {PersonRole.APPROVER}),
    "otto": ("Otto Operator", {PersonRole.OPERATOR}),
    "anne": ("Anne Roy", {PersonRole.ADMINISTRATOR}),
}
TABLE = """\
renater.fr\tesmtp:[127.0.0.1]
demo.sympa.org\tesmtp:[127.0.0.1]
jres.org\tesmtp:[127.0.0.1]
host.renater.fr\tesmtp:[host.renater.fr]
.\tesmtp:[smtp1.renater.fr]
"""


def people() -> dict[str, Person]:
    """One person for each role, and Luc, who holds two."""
    return {
        username: create_person(
            username=username, full_name=name, password=PASSWORD, roles=roles, by=SETUP
        )
        for username, (name, roles) in PEOPLE.items()
    }


def small() -> tuple[dict[str, Person], MailHost, ConfigPush]:
    """The people by username, the list server `listes`, and its first push, which is live."""
    begin_with(_make_small)
    return people_by_name(), MailHost.objects.get(name="listes"), ConfigPush.objects.get()


def people_by_name() -> dict[str, Person]:
    """Everybody there is, by username."""
    return {person.username: person for person in Person.objects.all()}


def _make_small() -> None:
    people()
    imported(list_server())


def facts(name: str) -> HostFacts:
    """What the deploy agent of a list server would report."""
    return HostFacts(
        name=name,
        kind=HostKind.LIST_SERVER,
        fqdn=f"{name}.renater.fr",
        sendmail_version="8.17.1.9",
        class_w=("localhost", f"{name}.renater.fr"),
        run_as_user="sympa",
        run_as_group="sympa",
        trusted_user="sympa",
        cf_dir="/usr/share/sendmail/cf/",
        spool="/var/spool/sendmailsympa",
        run_dir="/run/sympa",
        dead_letter="/var/spool/sendmailsympa/dead.letter",
        wrapper="/usr/local/lib/mailadmin/sendmail",
    )


def list_server(name: str = "listes", position: int = 0) -> MailHost:
    """A list server whose agents have just looked: nothing is released there."""
    host = save_mail_host(
        identity=None, name=name, kind=HostKind.LIST_SERVER, position=position, by=SETUP
    )
    for role in Role:
        agent(host, role)
    seen(host, live="")
    return host


def seen(
    host: MailHost,
    *,
    live: str,
    drift: Iterable[dict[str, str]] = (),
    ground: str = "",
    otherwise: Iterable[str] = (),
) -> None:
    """The agents look: `live` is what runs."""
    now = timezone.now()
    HostState.objects.update_or_create(
        host=host,
        defaults={
            "facts": facts_to_json(facts(host.name)),
            "live": live,
            "last_good": live,
            "releases": [{"digest": live, "built_at": now.isoformat()}] if live else [],
            "drift": list(drift),
            "ground": ground,
            "otherwise": list(otherwise),
            "kept": [],
            "kept_total": 0,
            "deploy_at": now,
            "spool_at": now,
        },
    )


def imported(host: MailHost, text: str = TABLE) -> ConfigPush:
    """Push 1 of a host, live."""
    push = import_mailertable(plan=read_mailertable(text=text, host=host, source="mailertable"))
    prove(push)
    deploy_now(push)
    return push


def add_domain(host: MailHost, key: str, by: Person) -> RoutingObject:
    """A saved virtual domain that is not live."""
    return save_object(
        identity=uuid4(),
        version=0,
        server=host,
        kind=ObjectKind.VIRTUAL_DOMAIN,
        key=key,
        by=by,
    )


def add_relay(name: str, by: Person) -> RelayTarget:
    """A saved relay target that no route names."""
    hosts = [f"{name}.renater.fr"]
    return save_relay_target(identity=uuid4(), version=0, name=name, hosts=hosts, port=25, by=by)


def proposed(picked: Iterable[UUID], by: Person, title: str = "Add a domain") -> ConfigPush:
    """A push that nothing has happened to yet."""
    return propose(picked=frozenset(picked), title=title, by=by)


@transaction.atomic
def prove(push: ConfigPush) -> ConfigPush:
    """Every host has staged it and sendmail has answered as the plan foretells."""
    move_push(push=push, to=PushState.STAGING, by=CONTROL)
    for target in push.targets.select_related("host", "revision"):
        stage(target)
        PushTarget.objects.filter(pk=target.pk).update(
            proof=proof_of(target), proved_at=timezone.now(), attempt=None
        )
    push.refresh_from_db()
    move_push(push=push, to=PushState.PROVED, by=CONTROL, digest=digest_of_push(push))
    return push


@transaction.atomic
def stage(target: PushTarget) -> None:
    """The host has built the release."""
    move_target(
        target=target,
        to=TargetState.STAGED,
        by=CONTROL,
        manifest={"files": {}, "dumps": {}},
        manifest_digest="m" * 64,
        attempt=None,
    )


def proof_of(target: PushTarget) -> dict[str, object]:
    """What `record` stores: each change of the plan is one explained difference."""
    changed = [change["key"] for change in target.plan["changes"]]
    return {
        "asked": 4 + 2 * len(changed),
        "differences": [
            {
                "address": f"probe@{key}",
                "config": "primary",
                "live": ["esmtp", "[smtp1.renater.fr]"],
                "staged": ["esmtp", "[127.0.0.1]"],
                "explained_by": key,
            }
            for key in changed
        ],
        "unexplained": 0,
        "disagreements": [],
        "destinations_changed": len(changed),
        "planned": len(changed),
        "blocks": [],
        "sendmail_version": "8.17.1.9",
        "user": "sympa",
    }


AS_BEFORE: Mapping[str, object] = {
    "state": "asked",
    "configuration": "/etc/mail/sympa.cf",
    "asked": 14,
    "same": 11,
    "kept": 2,
    "differs": 2,
    "moved": [
        {
            "address": "probe@jres.org",
            "before": ["local", ""],
            "after": ["esmtp", "[127.0.0.1]"],
            "decides": "the line jres.org",
            "why": "jres.org was a name of the host itself (class w,"
            " /etc/mail/local-host-names line 2): no line of the table counted.",
        },
        {
            "address": "probe@odd.example",
            "before": ["esmtp", "[odd.gw]"],
            "after": ["esmtp", "[smtp1.renater.fr]"],
            "decides": "the line .",
            "why": "",
        },
    ],
    "silent": 1,
    "unsaid": ["probe@silent.example"],
    "problem": "",
    "output": "",
    "notes": ["Warning: Cannot use HostStatusDirectory = /var/lib/x: No such file or directory"],
}
"""How the first release of a host compares with the configuration before, as it is stored."""


def compared(push: ConfigPush, **more: object) -> ConfigPush:
    """The proof of a first release says so too; `more` are other values of AS_BEFORE."""
    for target in push.targets.all():
        proof = {**(target.proof or {}), "as_before": {**AS_BEFORE, **more}}
        PushTarget.objects.filter(pk=target.pk).update(proof=proof)
    return push


def approved(push: ConfigPush, by: Person, *, at_once: bool = True) -> ConfigPush:
    """Somebody accepts it."""
    approve(push=push, digest=push.digest, deploy=at_once, by=by)
    push.refresh_from_db()
    return push


@transaction.atomic
def deploy_now(push: ConfigPush, by: Person | None = None) -> ConfigPush:
    """Every host switches and confirms."""
    push.refresh_from_db()
    if push.state == PushState.PROVED:
        move_push(push=push, to=PushState.APPROVED, by=CONTROL)
    if by is not None:
        deploy(push=push, by=by)
    else:
        move_push(push=push, to=PushState.DEPLOYING, by=CONTROL)
    for target in push.targets.select_related("host", "revision"):
        move_target(target=target, to=TargetState.ACTIVATED, by=CONTROL)
        move_target(target=target, to=TargetState.CONFIRMED, by=CONTROL)
        seen(target.host, live=target.revision.digest)
    push.refresh_from_db()
    move_push(push=push, to=PushState.ACTIVE, by=CONTROL)
    return push


def agent(host: MailHost, role: Role = Role.DEPLOY) -> Agent:
    """An agent of a host, heard just now."""
    found = Agent.objects.filter(host_name=host.name, role=role).first()
    if found is None:
        key = public_text(Ed25519PrivateKey.generate().public_key())
        found = register_agent(host=host.name, role=role, public_key=key, by=SETUP)
    found.last_seen_at = timezone.now()
    found.save(update_fields=["last_seen_at"])
    return found


def answered(push: ConfigPush, addresses: Iterable[str]) -> None:
    """Keep the answers themselves: all by the relay live, all to the local MTA staged."""
    told = list(addresses)
    live = dict.fromkeys(told, ["esmtp", "[smtp1.renater.fr]"])
    staged = dict.fromkeys(told, ["esmtp", "[127.0.0.1]"])
    data = canonical(
        {
            "live": {"primary": live, "fallback": live},
            "staged": {"primary": staged, "fallback": staged},
        }
    )
    PushTarget.objects.filter(push=push).update(answers=pack(data), answers_digest=digest_of(data))
