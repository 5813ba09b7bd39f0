#!/bin/bash
# Makes everything that ./run, ./test and the sandbox need; does nothing where it is there already.
#
#   . deploy/sandbox/prepare.sh; prepare run     (or: prepare test), from the checkout
#   deploy/sandbox/prepare.sh run|test|agent     the same as a program; "agent" renews only the agents' package
#
# Sets and exports MAILADMIN_VAR (the place of all state), MAILADMIN_TOOLS (sendmail's tools) and
# MAILADMIN_AGENT_VENV (the environment the agents run in, without Django).

SANDBOX_DIR=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
CHECKOUT=$(cd -- "$SANDBOX_DIR/../.." && pwd)
PREPARE_BEGAN=${EPOCHREALTIME/[.,]/}

say() {
    local elapsed=$(( (${EPOCHREALTIME/[.,]/} - PREPARE_BEGAN) / 100000 ))
    printf '%4d.%d s  %s\n' $((elapsed / 10)) $((elapsed % 10)) "$*"
}

die() {
    printf '\n%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}

is_root() { [ "$(id -u)" = 0 ]; }

# The digest of the named files' contents and names, in a fixed order.
digest_of() {
    find "$@" -type f ! -name '*.pyc' -print0 | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum | cut -c1-64
}

stamp_is() { [ -f "$1" ] && [ "$(cat "$1")" = "$2" ]; }

# Runs a command silently; shows what it said, and stops, only when it fails.
quietly() {
    local what=$1 output
    shift
    output=$("$@" 2>&1) || die "$what failed: $*
$output"
}

for step in packages users place python front_end tools agent; do
    # shellcheck source=/dev/null
    . "$SANDBOX_DIR/steps/$step.sh"
done

# bash itself, sendmail's namespaces and the tests look there; without it each would fail with a riddle.
need_proc() {
    [ -e /proc/self/fd ] || die "/proc is not mounted here (a chroot?). Mount it, then start again:

    mount -t proc proc /proc
"
}

prepare() {
    local purpose=$1
    need_proc
    need_packages "$purpose"
    need_users
    choose_place
    # One at a time: ./run and ./test of one checkout share the environments.
    exec 9>"$MAILADMIN_VAR/prepare.lock"
    flock 9
    need_python "$purpose"
    need_front_end
    need_tools
    need_agent_venv
    flock -u 9
    exec 9>&-
}

prepare_agent() {
    choose_place
    exec 9>"$MAILADMIN_VAR/prepare.lock"
    flock 9
    need_agent_venv
    exec 9>&-
}

if [ "${BASH_SOURCE[0]}" = "$0" ]; then
    set -euo pipefail
    cd "$CHECKOUT"
    case ${1:-} in
        run | test) prepare "$1" ;;
        agent) prepare_agent ;;
        *) die "say what to prepare: run, test or agent" ;;
    esac
    say "ready in $MAILADMIN_VAR"
fi
