"""Rendering: what each file holds, and that nothing else decides its bytes."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given

from routing.core.bundle import bundle_from_canonical
from routing.core.facts import HostFacts, HostKind
from routing.core.findings import InvalidIntent
from routing.core.intent import Intent, RelayTarget
from routing.core.mailers import FLAGS, Mailer, mailers_of
from routing.core.render import render, table_lines
from tests.unit.routing.values import (
    FACTS,
    MOVED_MTA,
    SEED,
    SMTP1,
    SMTP2,
    intent,
    intents,
    route,
    to_relay,
    virtual,
)

TABLES = ("mailertable", "mailertable-fallback")
MCS = ("sympa.mc", "sympa-fallback.mc")


def files(wanted: Intent = SEED, facts: HostFacts = FACTS, site_m4: str = "") -> dict[str, str]:
    return dict(render(wanted, facts, site_m4=site_m4).files)


def without_comments(text: str) -> list[str]:
    return [line for line in text.splitlines() if not line.startswith(("dnl", "#"))]


def test_a_list_server_has_five_files_and_the_sites_own() -> None:
    assert sorted(files()) == [
        "mailertable",
        "mailertable-fallback",
        "sympa-fallback.mc",
        "sympa.conf",
        "sympa.mc",
    ]
    assert files(site_m4="define(`confDOMAIN_NAME', `x')")["local.m4"].endswith("')\n")


def test_the_tables_of_the_example() -> None:
    found = files()

    assert found["mailertable"] == (
        ".\tesmtp:[smtp1.renater.fr]\n"
        "demo.sympa.org\tesmtp:[127.0.0.1]\n"
        "host.renater.fr\tesmtp:[host.renater.fr]\n"
        "jres.org\tesmtp:[127.0.0.1]\n"
        "renater.fr\tesmtp:[127.0.0.1]\n"
    )
    assert found["mailertable-fallback"] == found["mailertable"].split("\n", 1)[1]


@given(intents())
def test_both_tables_hold_each_key_with_its_value_in_key_order(wanted: Intent) -> None:
    found = files(wanted)

    for name, lines in zip(TABLES, table_lines(wanted, FACTS), strict=True):
        assert found[name] == "".join(f"{key}\t{lines[key]}\n" for key in sorted(lines))


def test_the_fallback_has_no_default_and_no_relay_target() -> None:
    found = files(
        intent(
            route(1, ".", "esmtp", "[192.0.2.1]"),
            to_relay(2, "a.org", SMTP2),
            route(3, "b.org", "esmtp", "[192.0.2.2]"),
        )
    )

    assert found["mailertable-fallback"] == "b.org\tesmtp:[192.0.2.2]\n"


def test_a_disabled_object_is_not_rendered() -> None:
    found = files(intent(to_relay(1, "."), virtual(2, "a.org", enabled=False)))

    assert "a.org" not in found["mailertable"]


def test_both_configurations_hold_what_must_not_be_missing() -> None:
    found = files()
    for name in MCS:
        text = found[name]
        for line in (
            "include(`/usr/share/sendmail/cf/m4/cf.m4')dnl",
            "define(`confRUN_AS_USER', `sympa:sympa')dnl",
            "define(`confTRUSTED_USER', `sympa')dnl",
            "define(`confCHECKPOINT_INTERVAL', `1')dnl",
            "undefine(`confHOST_STATUS_DIRECTORY')dnl",
            "define(`QUEUE_DIR', `/var/spool/sendmailsympa')dnl",
            "MODIFY_MAILER_FLAGS(`ESMTP', `+k')dnl",
            "SLocal_localaddr",
            "Kbestmx bestmx -T.TMP",
        ):
            assert line in text.splitlines()
    assert "FEATURE(`mailertable', `btree '_RELEASE_`/mailertable')dnl" in found["sympa.mc"]
    assert "`/mailertable-fallback')dnl" in found["sympa-fallback.mc"]
    assert "confTO_RESOLVER_RETRY" in found["sympa-fallback.mc"]
    assert "confTO_RESOLVER_RETRY" not in found["sympa.mc"]


def test_the_two_configurations_differ_only_where_they_must() -> None:
    first, second = (without_comments(files()[name]) for name in MCS)

    assert sorted(set(first) ^ set(second)) == sorted(
        {
            "VERSIONID(`sympa.mc, list submission through the relay target')",
            "VERSIONID(`sympa-fallback.mc, the same spool, without any relay target')",
            "define(`confPID_FILE', `/run/sendmail/sympa/sympa.pid')dnl",
            "define(`confPID_FILE', `/run/sendmail/sympa/sympa-fallback.pid')dnl",
            "FEATURE(`mailertable', `btree '_RELEASE_`/mailertable')dnl",
            "FEATURE(`mailertable', `btree '_RELEASE_`/mailertable-fallback')dnl",
            "define(`confTO_RESOLVER_RETRANS', `3s')dnl",
            "define(`confTO_RESOLVER_RETRY', `2')dnl",
        }
    )


def test_sympa_is_told_the_wrapper_and_no_configuration() -> None:
    assert files()["sympa.conf"] == (
        "sendmail\t/opt/mailadmin/bin/sendmail\nsendmail_args\t-L sm-sympa -oi -odi -oem -Am\n"
    )


def test_the_service_switch_is_rendered_only_where_it_is_a_fact() -> None:
    switched = replace(FACTS, service_switch="/var/lib/mailadmin/etc/service.switch")

    assert "SERVICE_SWITCH" not in files()["sympa.mc"]
    assert (
        "define(`confSERVICE_SWITCH_FILE', `/var/lib/mailadmin/etc/service.switch')dnl"
        in files(facts=switched)["sympa.mc"]
    )


def test_another_port_gets_a_mailer_of_its_own() -> None:
    relayed = intent(to_relay(1, ".", SMTP2), virtual(2, "a.org"))

    assert mailers_of(SEED, FACTS) == ()
    assert mailers_of(relayed, MOVED_MTA) == (
        Mailer("local_mta", 2525),
        Mailer("relay_smtp2", 2526),
    )
    text = files(relayed, MOVED_MTA)["sympa.mc"]
    assert f"Mrelay_smtp2,\tP=[IPC], F={FLAGS}, " in text
    assert "A=TCP $h 2526" in text
    assert "$#local_mta $@ [127.0.0.1]" in text
    assert "MAILER_DEFINITIONS" not in files()["sympa.mc"]


def test_an_ipv6_local_mta_is_written_as_sendmail_reads_it() -> None:
    found = files(facts=replace(FACTS, local_mta_host="::1"))

    assert "$#esmtp $@ [IPv6:::1] $:" in found["sympa.mc"]
    assert "jres.org\tesmtp:[IPv6:::1]\n" in found["mailertable"]


def test_the_sites_text_stands_in_both_configurations() -> None:
    found = files(site_m4="define(`confTO_CONNECT', `20s')\n\n")

    assert found["local.m4"] == "define(`confTO_CONNECT', `20s')\n"
    for name in MCS:
        text = found[name]
        assert text.index("include(`local.m4')dnl") < text.index("MAILER(`local')")


@pytest.mark.parametrize(
    "text", ["esyscmd(`id')", "x\ninclude(`/etc/passwd')", "define(`a', indir(`b'))", "é", "a\0"]
)
def test_the_sites_text_may_run_and_read_nothing(text: str) -> None:
    with pytest.raises(InvalidIntent) as raised:
        render(SEED, FACTS, site_m4=text)

    assert {finding.code for finding in raised.value.findings} == {"site_m4"}


@pytest.mark.parametrize(
    "changed",
    [
        {"spool": "/var/spool/a`b"},
        {"spool": "var/spool"},
        {"run_dir": "/var/../etc"},
        {"wrapper": "/opt/x y"},
        {"dead_letter": "/var/dnl/x"},
        {"run_as_user": "sympa:root"},
        {"run_as_user": "dnl"},
        {"run_as_group": ""},
        {"cf_dir": "/usr/share/esyscmd"},
        {"service_switch": "relative"},
        {"local_mta_host": "127.0.0.1 x"},
        {"local_mta_port": 0},
        {"name": "lis`tes"},
        {"kind": HostKind.OUTGOING_RELAY},
    ],
)
def test_facts_that_no_configuration_can_hold_are_refused(changed: dict[str, object]) -> None:
    values = {field: getattr(FACTS, field) for field in FACTS.__slots__} | changed
    facts = HostFacts(**values)

    with pytest.raises(InvalidIntent) as raised:
        render(replace(SEED, server=facts.name), facts)

    assert {finding.field for finding in raised.value.findings} == set(changed)


def test_every_error_is_raised_at_once_and_no_warning() -> None:
    bad = Intent("other", (virtual(1, "a b"), virtual(2, "listes")))

    with pytest.raises(InvalidIntent) as raised:
        render(bad, replace(FACTS, spool="x"), site_m4="syscmd")

    assert [finding.code for finding in raised.value.findings] == [
        "key_invalid",
        "fact_name",
        "fact_spool",
        "site_m4",
    ]


@given(intents())
def test_the_order_of_objects_does_not_count(wanted: Intent) -> None:
    shuffled = replace(
        wanted,
        objects=tuple(reversed(wanted.objects)),
        relay_targets=tuple(reversed(wanted.relay_targets)),
    )

    assert render(shuffled, FACTS).canonical == render(wanted, FACTS).canonical


@given(intents())
def test_a_bundle_is_read_back_from_its_bytes(wanted: Intent) -> None:
    bundle = render(wanted, FACTS)

    assert bundle_from_canonical(bundle.canonical).digest == bundle.digest


def test_facts_that_are_not_rendered_do_not_change_the_digest() -> None:
    upgraded = replace(FACTS, sendmail_version="8.18.1", class_w=("x",), fqdn="y.org")

    assert render(SEED, upgraded).digest == render(SEED, FACTS).digest
    assert render(SEED, replace(FACTS, spool="/var/spool/b")).digest != render(SEED, FACTS).digest


@given(intents())
def test_no_name_of_a_row_reaches_a_configuration_but_a_relay_targets(wanted: Intent) -> None:
    bundle = render(wanted, FACTS)
    plain = render(intent(), FACTS)
    own = {f"M{mailer.name}" for mailer in mailers_of(wanted, FACTS)}

    for name in MCS:
        more = set(bundle.files[name].splitlines()) - set(plain.files[name].splitlines())
        named = {line.partition(",")[0] for line in more if line.startswith("M")}
        assert named - {"MAILER_DEFINITIONS"} == own
        assert all(line.startswith(("M", "\t\tT=DNS/RFC822/SMTP, A=TCP $h ")) for line in more)


def test_a_relay_target_with_a_hyphen_has_a_mailer_without() -> None:
    relay = RelayTarget(SMTP1.id, "out-paris", ("out.renater.fr",), 2526)

    found = files(intent(to_relay(1, ".", relay), relays=[relay]))

    assert found["mailertable"] == ".\trelay_out_paris:[out.renater.fr]\n"
