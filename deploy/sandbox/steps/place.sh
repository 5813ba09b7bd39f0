# Where the state lives: MAILADMIN_VAR, or var/ in the checkout when sendmail and its users can use that.
#
# sendmail warns about a map below a directory that others may write, and we count a warning as a failure;
# the user sympa must be able to reach it. As root such a checkout gets a directory below /var/lib.

# Prints the first thing that is wrong with a place, nothing when it will do.
place_problem() {
    local problems
    # Not through head: it ends the writer of a second line, and with it, by pipefail, all of us without a word.
    problems=$(place_problems "$1")
    echo "${problems%%$'\n'*}"
}

place_problems() {
    local place=$1 at
    [[ $place =~ ^/[A-Za-z0-9._/-]+$ ]] || { echo "its path holds characters that a sendmail configuration cannot carry"; return; }
    at=$(realpath -m -- "$place")
    while [ "$at" != / ]; do
        [ ! -e "$at" ] || directory_problem "$at"
        at=$(dirname -- "$at")
    done
}

directory_problem() {
    local mode
    mode=$(stat -c %a -- "$1")
    if (( 8#$mode & 8#022 )); then
        echo "$1 may be written by others than its owner (mode $mode)"
    elif is_root && ! setpriv --reuid sympa --regid sympa --clear-groups test -x "$1"; then
        echo "$1 cannot be entered by the user sympa (mode $mode)"
    fi
}

choose_place() {
    local place=${MAILADMIN_VAR:-$CHECKOUT/var} problem
    problem=$(place_problem "$place")
    if [ -n "$problem" ] && is_root && [ -z "${MAILADMIN_VAR:-}" ]; then
        place=/var/lib/mailadmin-sandbox-$(printf %s "$CHECKOUT" | sha256sum | cut -c1-10)
        say "state goes to $place, not to var/: $problem"
        problem=$(place_problem "$place")
    fi
    [ -z "$problem" ] || die "the state cannot live in $place: $problem.
Name another place in the environment variable MAILADMIN_VAR, for example

    MAILADMIN_VAR=\$HOME/mailadmin-var $0
"
    (umask 022 && mkdir -p -- "$place") || die "cannot create $place; name another place in MAILADMIN_VAR"
    export MAILADMIN_VAR=$place MAILADMIN_TOOLS=$place/tools MAILADMIN_AGENT_VENV=$place/agent-venv
}
