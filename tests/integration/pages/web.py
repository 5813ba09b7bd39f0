"""A web process of its own, with a database of its own that a test may break under it.

python -m tests.integration.pages.web make                 makes the small site in the database that
                                                           MAILADMIN_DATABASE_URL names
python -m tests.integration.pages.web serve PORT [FROM TO] copies a file, then serves the site
"""

from __future__ import annotations

import http.cookiejar
import os
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import Message
from pathlib import Path
from subprocess import Popen
from urllib.parse import urlencode

from deploy.sandbox.broker import free_port
from tests.fixtures.sandbox import CHECKOUT, wait_until

MODULE = (sys.executable, "-m", "tests.integration.pages.web")
START_S = 60.0
PATIENCE_S = 60.0
"""Longer than any page may take: what is too slow shows as a number, not as an error."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer as a browser gets it."""

    status: int
    headers: Message
    text: str


class _Stay(urllib.request.HTTPRedirectHandler):
    """An address that leads elsewhere is an answer like any other."""

    def redirect_request(self, *args: object, **more: object) -> None:
        return None


@dataclass
class Browser:
    """Cookies, pages and forms of one person; nothing else of a browser."""

    address: str
    jar: http.cookiejar.CookieJar = field(default_factory=http.cookiejar.CookieJar)

    def get(self, path: str, **headers: str) -> Answer:
        """A page."""
        return self._asked(urllib.request.Request(self.address + path, headers=headers))

    def post(self, path: str, form: Mapping[str, str]) -> Answer:
        """A form, with the token of the cookie unless it holds one."""
        sent = {"csrfmiddlewaretoken": self.token(), **form}
        return self._asked(urllib.request.Request(self.address + path, urlencode(sent).encode()))

    def sign_in(self, username: str, password: str) -> None:
        """As a person does."""
        self.get("/sign-in/")
        answer = self.post("/sign-in/", {"login": username, "password": password})
        assert answer.status == 302, answer.text

    def token(self) -> str:
        """The one that this browser's forms carry."""
        return next((c.value or "" for c in self.jar if c.name == "csrftoken"), "")

    def _asked(self, request: urllib.request.Request) -> Answer:
        cookies = urllib.request.HTTPCookieProcessor(self.jar)
        opener = urllib.request.build_opener(cookies, _Stay)
        try:
            with opener.open(request, timeout=PATIENCE_S) as came:
                return Answer(came.status, came.headers, came.read().decode())
        except urllib.error.HTTPError as refused:
            with refused:
                return Answer(refused.code, refused.headers, refused.read().decode())


@dataclass(frozen=True, slots=True)
class Web:
    """A web process that runs."""

    address: str
    process: Popen[bytes]

    def browser(self, username: str = "", password: str = "") -> Browser:
        """A new browser, of somebody who is signed in or of nobody."""
        made = Browser(self.address)
        if username:
            made.sign_in(username, password)
        return made


@contextmanager
def running(
    place: Path, url: str, before: Sequence[str] = (), copied: Sequence[Path] = ()
) -> Iterator[Web]:
    """Serve the small site that is in the database `url`.

    `before` are words of a command around it, `copied` a file and where the process is to put it.
    """
    port = free_port()
    command = [*before, *MODULE, "serve", str(port), *map(str, copied)]
    log = place / "web.log"
    with log.open("wb") as out:
        process = Popen(command, cwd=CHECKOUT, env=_environment(url), stdout=out, stderr=out)
    web = Web(f"http://127.0.0.1:{port}", process)
    try:
        wait_until(lambda: _answers(web), f"the web process answers; its log is {log}", START_S)
        yield web
    finally:
        process.terminate()
        process.wait(timeout=PATIENCE_S)


def make_small_site(url: str) -> None:
    """Its rows in the empty database `url`, by a process that ends."""
    subprocess.run([*MODULE, "make"], cwd=CHECKOUT, env=_environment(url), check=True)


def _environment(url: str) -> dict[str, str]:
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "MAILADMIN_BROKER_URL": f"redis://127.0.0.1:{free_port()}/0",
        "MAILADMIN_DATABASE_URL": url,
    }


def _answers(web: Web) -> bool:
    assert web.process.poll() is None, "the web process ended"
    try:
        return web.browser().get("/sign-in/").status == 200
    except OSError:
        return False


def make() -> None:
    """The tables and the small site."""
    import django

    django.setup()
    from django.core.management import call_command

    from tests.integration.pages import world

    call_command("migrate", verbosity=0)
    world.small()


def serve(port: str, *copied: str) -> None:
    """Become the server; a database may have to be put where only this process sees it."""
    if copied:
        shutil.copyfile(*copied)
    words = ["gunicorn", "mailadmin.wsgi:application", "--bind", f"127.0.0.1:{port}"]
    words += ["--threads", "4", "--no-control-socket", "--graceful-timeout", "1"]
    os.execv(sys.executable, [sys.executable, "-m", *words])


if __name__ == "__main__":
    if sys.argv[1] == "make":
        make()
    else:
        serve(*sys.argv[2:])
