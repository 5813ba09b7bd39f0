# The environment that the sandbox's agents run in: the package itself, installed, without Django.

# What the agents import; a change here installs the package anew.
AGENT_SOURCES=(mailadmin/__init__.py mailadmin/wire mailadmin/agent routing/__init__.py routing/core routing/agent
    spools/__init__.py spools/core spools/agent pyproject.toml)

need_agent_venv() {
    local at=$MAILADMIN_AGENT_VENV lock source
    lock=$(digest_of requirements-agent.txt)
    source=$(digest_of "${AGENT_SOURCES[@]}")
    stamp_is "$at/installed-lock" "$lock" && stamp_is "$at/installed-source" "$source" && "$at/bin/python" -c '' && return
    say "installing the agents' package in $at"
    stamp_is "$at/installed-lock" "$lock" && "$at/bin/python" -c '' || make_agent_venv "$at" "$lock"
    install_agent_package "$at"
    echo "$source" >"$at/installed-source"
}

make_agent_venv() (
    umask 022
    quietly "making $1" "$(find_python)" -m venv --clear "$1"
    quietly "installing the agents' packages" "$1/bin/python" -m pip install -q --disable-pip-version-check --require-hashes -r requirements-agent.txt
    echo "$2" >"$1/installed-lock"
)

install_agent_package() (
    umask 022
    wheels=$MAILADMIN_VAR/wheels
    rm -rf "$wheels"
    quietly "building the package" .venv/bin/python -m pip wheel -q --disable-pip-version-check --no-deps --no-build-isolation -w "$wheels" "$CHECKOUT"
    quietly "installing the package" "$1/bin/python" -m pip install -q --disable-pip-version-check --no-deps --no-index --force-reinstall "$wheels"/*.whl
)
