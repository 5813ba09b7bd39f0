# Debian packages. "a|b" is satisfied by either: releases of Debian name some libraries differently.

# The libraries are those that Debian's sendmail-bin depends on; its tools are unpacked, not installed.
PACKAGES_RUN=(
    python3 python3-venv redis-server m4 gcc libc6-dev
    libwrap0 liblockfile1 libnsl2 libsasl2-2
    'libdb5.3|libdb5.3t64' 'libldap-2.5-0|libldap2|libldap-2.4-2'
)
PACKAGES_TEST=(chromium-headless-shell postgresql openssl)
# What builds the image of the Dockerfile without an engine, in ./test --long of root.
PACKAGES_LONG=(buildah debootstrap)

installed_packages() { dpkg-query -W -f '${db:Status-Status} ${Package}\n' | sed -n 's/^installed //p'; }

# Prints the packages that are missing, one a line; of alternatives the first that apt knows.
missing_packages() {
    local installed entry name known
    installed=$'\n'$(installed_packages)$'\n'
    for entry in "$@"; do
        known=
        for name in ${entry//|/ }; do
            [[ $installed == *$'\n'"$name"$'\n'* ]] && continue 2
            [ -z "$known" ] && apt-cache show "$name" >/dev/null 2>&1 && known=$name
        done
        echo "${known:-${entry%%|*}}"
    done
}

need_packages() {
    command -v dpkg-query >/dev/null || die "this is not a Debian system (no dpkg-query); docs/sandbox.md names what is needed"
    local wanted=("${PACKAGES_RUN[@]}") missing
    [ "$1" = run ] || wanted+=("${PACKAGES_TEST[@]}")
    [ "$1" = long ] && wanted+=("${PACKAGES_LONG[@]}")
    mapfile -t missing < <(missing_packages "${wanted[@]}")
    [ ${#missing[@]} = 0 ] && return
    is_root || die "Debian packages are missing. Install them, then start again:

    sudo apt-get update && sudo apt-get install -y --no-install-recommends ${missing[*]}
"
    say "installing Debian packages: ${missing[*]} (their services are not started)"
    # A new list may know another of the alternatives.
    quietly "apt-get update" apt-get update -q
    mapfile -t missing < <(missing_packages "${wanted[@]}")
    without_daemons quietly "installing Debian packages" \
        env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}"
}

# Runs a command while Debian's maintainer scripts are told to start no service (exit 101 of policy-rc.d).
without_daemons() (
    local policy=/usr/sbin/policy-rc.d
    if [ ! -e "$policy" ]; then
        trap 'rm -f "$policy"' EXIT
        trap 'exit 130' INT TERM HUP
        printf '#!/bin/sh\nexit 101\n' >"$policy"
        chmod 755 "$policy"
    fi
    "$@"
)
