"""The agent's configuration file is read strictly, and every fault is named at once."""

from pathlib import Path

import pytest

from mailadmin.agent.config import ConfigError, load_config
from mailadmin.wire.core.messages import Role
from routing.core.facts import HostKind
from tests.unit.agent.conftest import ConfigFile


def problems_of(path: Path) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    return caught.value.problems


def test_a_good_file_is_read(config_file: ConfigFile) -> None:
    config = load_config(config_file.path)

    assert (config.host, config.role) == ("listes", Role.DEPLOY)
    assert config.broker_url == "rediss://user:secret@redis.example.org/0"
    assert config.state_dir == config_file.directory
    host = config.host_config
    assert (host.name, host.kind, host.spool) == (
        "listes",
        HostKind.LIST_SERVER,
        Path("/var/spool/sympa"),
    )
    assert (host.local_mta_host, host.local_mta_port) == ("127.0.0.1", 2525)


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('host = "listes"', 'host = "listes.renater.fr"', "host must be the mail host's name"),
        ('host = "listes"', "", "host is missing"),
        ('"deploy"', '"root"', "role must be one of deploy, spool, not 'root'"),
        ('role = "deploy"', "role = 3", "role must be text, not 3"),
        ("broker_url_file", "broker", "broker is not known"),
        ('"/var/spool/sympa"', '"spool"', "mail_host.spool must be an absolute path, not 'spool'"),
        ('owner = "sympa"', "", "mail_host.owner is missing"),
        (
            "= 2525",
            '= "2525"',
            "mail_host.local_mta_port must be a whole number above 0, not '2525'",
        ),
        ("2525", "2525\nsmtp_port = 25", "mail_host.smtp_port is not known"),
        ('"list_server"', '"printer"', "mail_host.kind must be one of list_server, outgoing_relay"),
        (
            "= 2525",
            '= 2525\nexisting_class_w = "/x"',
            "mail_host.existing_class_w must be a list of",
        ),
        (
            "= 2525",
            '= 2525\nexisting_class_w = ["x"]',
            "mail_host.existing_class_w must be absolute",
        ),
        ("= 2525", '= 2525\nother_spools = ["mqueue"]', "mail_host.other_spools must be absolute"),
        (
            "= 2525",
            '= 2525\nother_spools = ["/srv/sympa/q*"]',
            "mail_host.other_spools: 2 spools would be called sympa",
        ),
        ("[mail_host]", "[host_facts]", "the table [mail_host] is missing"),
    ],
)
def test_a_wrong_line_is_named(config_file: ConfigFile, old: str, new: str, problem: str) -> None:
    found = problems_of(config_file.change(old, new))

    assert any(text.startswith(problem) for text in found), found


def test_all_faults_are_named_at_once(config_file: ConfigFile) -> None:
    (config_file.directory / "broker-url").unlink()
    (config_file.directory / "agent.key").chmod(0o644)
    (config_file.directory / "control.pub").write_text("nonsense")
    config_file.change('"list_server"', '"printer"')

    found = problems_of(config_file.path)

    names = [text.partition(":")[0].partition(" ")[0] for text in found]
    assert names == ["broker_url_file", "control_public_key", "private_key", "mail_host.kind"]


def test_a_password_that_everybody_can_read_is_refused(config_file: ConfigFile) -> None:
    (config_file.directory / "broker-url").chmod(0o644)

    assert ["chmod 640" in text for text in problems_of(config_file.path)] == [True]


def test_a_broker_must_be_a_redis_and_given_once(config_file: ConfigFile) -> None:
    (config_file.directory / "broker-url").write_text("amqp://redis.example.org")
    assert ["must begin with" in text for text in problems_of(config_file.path)] == [True]

    config_file.change('role = "deploy"', 'role = "deploy"\nbroker_url = "redis://localhost"')
    assert problems_of(config_file.path) == ["give one of broker_url and broker_url_file"]


def test_a_state_directory_that_others_may_enter_is_refused(config_file: ConfigFile) -> None:
    config_file.directory.chmod(0o755)

    assert ["chmod 700" in text for text in problems_of(config_file.path)] == [True]


@pytest.mark.parametrize("content", [b"host = ", b"\xff\xfe"])
def test_a_file_that_is_not_toml_is_named(config_file: ConfigFile, content: bytes) -> None:
    config_file.path.write_bytes(content)

    assert problems_of(config_file.path)[0].startswith("is not TOML")


def test_a_file_that_is_missing_is_named(tmp_path: Path) -> None:
    assert problems_of(tmp_path / "agent.toml") == ["cannot be read: No such file or directory"]


def test_nothing_is_read_that_the_file_does_not_name(config_file: ConfigFile) -> None:
    """An agent of before is not given files by an upgrade."""
    before = load_config(config_file.path).host_config
    assert (before.existing_mc, before.existing_robots, before.existing_class_w) == (
        Path(),
        Path(),
        (),
    )
    named = 'existing_class_w = ["/etc/mail/cw", "/etc/mail/more"]\nexisting_mc = "/etc/mail/s.mc"'
    host = load_config(config_file.change("2525", f"2525\n{named}")).host_config
    assert host.existing_class_w == (Path("/etc/mail/cw"), Path("/etc/mail/more"))
    assert host.existing_mc == Path("/etc/mail/s.mc")
