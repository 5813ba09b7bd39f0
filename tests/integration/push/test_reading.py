"""The files of a list server, read by its real agent and kept by the real control worker."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from deploy.sandbox.hosts import make_directory, write_file
from deploy.sandbox.layout import SEED_TABLE
from mailadmin.audit.models import AuditEvent
from mailadmin.people.services import actor
from mailadmin.wire.core.messages import Verb
from mailadmin.wire.models import Attempt, ReceivedReport
from routing.core.adopt.reading import ROBOT_CONF, FilesRead, Kind, ReadingState
from routing.models import Reading, RoutingObject
from routing.services.reading import ask_reading
from tests.fixtures.sandbox import wait_until
from tests.integration.push.site import LIVENESS_S, SPOOL, Site

SECRET = "hunter2"
OLD_AGENT = """\
from mailadmin.wire.core.messages import Verb
del Verb._value2member_map_["read_files"]
Verb._member_names_.remove("READ_FILES")
"""


def ask(site: Site, by: str = "claire") -> Reading:
    person = site.people[by]
    return ask_reading(host=site.host, by=actor(person), person=person)


def ended(reading: Reading) -> Reading:
    def is_over() -> bool:
        reading.refresh_from_db()
        return reading.state != ReadingState.ASKED

    wait_until(is_over, "the reading ends", seconds=LIVENESS_S)
    return reading


def read(reading: Reading) -> FilesRead:
    found = ended(reading).read()
    assert found is not None, reading.why
    return found


@contextmanager
def agent_file(site: Site, more: str) -> Iterator[None]:
    """While inside, the spool agent's own file names these."""
    agent = next(a for a in site.sandbox.agents if f"{a.host}-{a.role}" == SPOOL)
    before = agent.config.read_text()
    kept = [line for line in before.splitlines() if not line.startswith("existing_")]
    write_file(agent.config, "\n".join([*kept, more, ""]), 0o600, agent.user)
    try:
        with site.agent_with(SPOOL):
            yield
    finally:
        write_file(agent.config, before, 0o600, agent.user)


def test_the_agent_reads_what_its_file_names_and_the_row_says_who_asked(site: Site) -> None:
    reading = ask(site)
    found = read(reading)
    baked = site.tree.baked_cf
    assert {file.path for file in found.files} == {
        str(baked),
        *(str(baked.with_name(name)) for name in ("mailertable.before", "sympa.mc", "sympa.conf")),
        *(str(path) for path in site.tree.sympa.glob(f"*/{ROBOT_CONF}")),
    }
    assert found.text_of(Kind.MAILERTABLE) == SEED_TABLE.read_text()
    assert (reading.person, reading.asked_by) == (site.people["claire"], "Claire Martin")
    assert reading.ended_at is not None and reading.ended_at > reading.asked_at
    answered = AuditEvent.objects.filter(action="reading.answered").latest("number")
    assert answered.digest == reading.attempt.result_digest
    assert reading.attempt.envelope and reading.attempt.arguments == {}


def test_on_a_hostile_tree_no_secret_and_no_file_outside_leaves_the_host(site: Site) -> None:
    place = site.tree.etc / "hostile"
    make_directory(place, 0o755)
    make_directory(place / "robots/jres.org", 0o755)
    secret = site.tree.spool_agent / "agent.key"
    write_file(place / "mailertable", f"jres.org esmtp:[x]\n# password {SECRET}\n", 0o644)
    write_file(place / "sympa.conf", f"domain x.org\ndb_passwd {SECRET}\n", 0o644)
    write_file(place / "access", f'AuthInfo:x "P:{SECRET}"\nTo:jres.org REJECT\n', 0o644)
    (place / "sympa.mc").symlink_to(secret)
    (place / "robots/jres.org/robot.conf").symlink_to(secret)
    (place / "robots/evil.org").symlink_to(site.tree.spool_agent)
    named = {
        "mailertable": "mailertable",
        "mc": "sympa.mc",
        "sympa_conf": "sympa.conf",
        "robots": "robots",
        "access": "access",
    }
    more = [f'existing_{name} = "{place / file}"' for name, file in named.items()]
    more.append(f'existing_class_w = ["{secret}", "/dev/zero", "{place}/none"]')
    more.append('existing_cf = ""')
    with agent_file(site, "\n".join(more)):
        reading = ask(site)
        found = read(reading)
    sent = (reading.attempt.result_bytes() or b"").decode()
    assert SECRET not in sent and "PRIVATE KEY" not in sent
    assert secret.read_text().splitlines()[1] not in sent
    assert [file.kind for file in found.files] == [Kind.MAILERTABLE, Kind.SYMPA]
    assert found.access is not None and found.access.secrets == 1
    said = {Path(item.path).name: item.text for item in found.troubles}
    assert set(said) == {"sympa.mc", "agent.key", "zero", "none", "evil.org", "jres.org"}
    assert said["agent.key"] == "holds a private key and stays where it is"
    kept = ReceivedReport.objects.filter(attempt_id=str(reading.attempt_id))
    assert kept.exists() and not any(SECRET in report.envelope for report in kept)
    logs = [*site.sandbox.var.glob("**/*.log"), *site.tree.spool_agent.glob("*journal*")]
    assert not [file for file in logs if file.is_file() and SECRET.encode() in file.read_bytes()]
    assert SECRET not in site.stack.output("control") + site.stack.output(SPOOL)


def test_an_agent_that_does_not_know_the_verb_says_so(site: Site) -> None:
    place = site.sandbox.var / "old-agent"
    make_directory(place, 0o755)
    write_file(place / "sitecustomize.py", OLD_AGENT, 0o644)
    with site.agent_with(SPOOL, PYTHONPATH=str(place)):
        reading = ended(ask(site))
    assert reading.state == ReadingState.FAILED
    assert "is too old to read files" in reading.why


def test_it_outlives_a_redis_that_is_lost(site: Site) -> None:
    site.pause(SPOOL)
    reading = ask(site)
    site.until_attempt(lambda: Attempt.objects.get(pk=reading.attempt_id), Verb.READ_FILES)
    site.lose_redis()
    site.resume(SPOOL)
    assert read(reading).text_of(Kind.MAILERTABLE)


def test_a_push_is_not_held_up_by_one(site: Site) -> None:
    """Both are orders for one agent: the second waits until the first is through."""
    reading = ask(site)
    push = site.proved("beside-a-reading.example.org")
    assert ended(reading).state == ReadingState.ANSWERED
    site.go_live(push)
    assert site.target(push).attempt is None
    assert reading.attempt.verb == Verb.READ_FILES


def test_the_commands_read_by_the_agent_and_write_nothing_without_being_told(site: Site) -> None:
    before, out = RoutingObject.objects.count(), StringIO()
    with pytest.raises(CommandError, match="listes has a release already"):
        call_command("import_mailertable", "--host=listes", "--from-agent", "--dry-run", stdout=out)
    assert "virtual_domain   jres.org" in out.getvalue()
    out = StringIO()
    call_command("adopt", "--host=listes", "--from-agent", stdout=out)
    assert "ours says the same: define(" in out.getvalue()
    assert RoutingObject.objects.count() == before
    with pytest.raises(CommandError, match="listes has a release already"):
        call_command("import_mailertable", "--host=listes", "--from-agent", stdout=StringIO())
    site.pause(SPOOL)
    with pytest.raises(CommandError, match="did not answer in 1 s"):
        call_command("adopt", "--host=listes", "--from-agent", "--wait=1", stdout=StringIO())
    site.resume(SPOOL)
    ended(Reading.objects.latest("pk"))
