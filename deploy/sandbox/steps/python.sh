# The checkout's Python environment, .venv, with the locked packages.

# The lock files of a purpose. hatchling (requirements-build.txt) builds the agents' wheel.
python_locks() {
    if [ "$1" = test ]; then
        echo "requirements-dev.txt"
    else
        echo "requirements.txt deploy/sandbox/requirements-build.txt"
    fi
}

# Whoever runs what root installs, and so must be able to read it: an agent's user, or on a machine of the control plane alone,
# where there is no sympa, the worker's.
PYTHON_READER=${PYTHON_READER:-sympa}

# True for an interpreter that can make an environment and that its later user can read.
python_will_do() {
    local as=()
    is_root && as=(setpriv --reuid "$PYTHON_READER" --regid "$PYTHON_READER" --clear-groups)
    (cd / && "${as[@]}" "$1" -I -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))') 2>/dev/null
}

find_python() {
    local candidate
    for candidate in /usr/bin/python3 /usr/bin/python3.{14,13,12,11} /usr/local/bin/python3 "$(command -v python3 || true)"; do
        [ -x "$candidate" ] && python_will_do "$candidate" && { echo "$candidate"; return; }
    done
    die "no python3 of version 3.11 or newer with the module venv, readable by the user $PYTHON_READER, was found"
}

need_python() {
    local purpose=$1 lock locks=() digest python
    if ! .venv/bin/python -c '' 2>/dev/null; then
        python=$(find_python)
        say "making .venv with $python"
        quietly "making .venv" "$python" -m venv --clear .venv
    fi
    read -ra locks <<<"$(python_locks "$purpose")"
    digest=$(cat "${locks[@]}" | sha256sum | cut -c1-64)
    # What ./test installs holds everything that ./run needs.
    if [ "$purpose" = run ] && stamp_is .venv/installed-test "$(cat requirements-dev.txt | sha256sum | cut -c1-64)"; then
        return
    fi
    stamp_is ".venv/installed-$purpose" "$digest" && return
    say "installing Python packages from ${locks[*]}"
    for lock in "${locks[@]}"; do
        quietly "installing Python packages" .venv/bin/python -m pip install -q --disable-pip-version-check --require-hashes -r "$lock"
    done
    rm -f .venv/installed-*
    echo "$digest" >".venv/installed-$purpose"
}
