# sendmail's own tools in $MAILADMIN_VAR/tools, unpacked from Debian's packages and never installed, so that
# the machine keeps the mail system that it has.

SENDMAIL_PACKAGES=(sendmail-bin sendmail-base sendmail-cf)

need_tools() {
    local tools=$MAILADMIN_TOOLS fresh=$MAILADMIN_VAR/tools.new
    # The configuration sources name the directory they were unpacked to.
    stamp_is "$tools/verified" "$tools" && return
    say "unpacking sendmail's tools to $tools"
    rm -rf "$fresh" "$tools"
    (umask 022 && mkdir -p "$fresh/deb")
    download_sendmail "$fresh/deb"
    for package in "$fresh"/deb/*.deb; do
        quietly "unpacking ${package##*/}" dpkg-deb -x "$package" "$fresh"
    done
    rm -r "$fresh/deb"
    # -C by another user than root drops the group anyway; root must not act with a group of the machine.
    find "$fresh" -perm /6000 -exec chmod ug-s {} +
    sed -i "s|/usr/share/sendmail/cf|$tools/usr/share/sendmail/cf|g" "$fresh"/usr/share/sendmail/cf/{ostype,domain}/*.m4
    mv "$fresh" "$tools"
    verify_tools "$tools"
    echo "$tools" >"$tools/verified"
}

download_sendmail() {
    local options=()
    is_root && options=(-o APT::Sandbox::User=root)
    (cd "$1" && apt-get "${options[@]}" -q download "${SENDMAIL_PACKAGES[@]}") >"$1/log" 2>&1 && return
    is_root || die "apt-get cannot download ${SENDMAIL_PACKAGES[*]}: $(tail -n 3 "$1/log")
If apt's lists are empty: sudo apt-get update"
    quietly "apt-get update" apt-get update -q
    (cd "$1" && quietly "downloading sendmail's tools" apt-get "${options[@]}" -q download "${SENDMAIL_PACKAGES[@]}")
}

# m4 must give a configuration that names a mailer, and makemap a map that it reads back.
verify_tools() {
    local cf=$1/usr/share/sendmail/cf/ try=$1/try
    mkdir "$try"
    printf '%s\n' "include(\`${cf}m4/cf.m4')dnl" "OSTYPE(\`debian')dnl" "MAILER(\`smtp')dnl" >"$try/try.mc"
    m4 -D_NO_MAKEINFO_ "-D_CF_DIR_=$cf" "$try/try.mc" >"$try/try.cf" 2>"$try/err" && [ ! -s "$try/err" ] &&
        grep -q '^Mesmtp' "$try/try.cf" || die "m4 does not build a sendmail configuration from $cf: $(cat "$try/err")"
    # makemap reads the trusted user from a configuration and would look for the machine's own.
    sed -i '/^O TrustedUser/d' "$try/try.cf"
    local makemap=$1/usr/libexec/sendmail/makemap
    [ -x "$makemap" ] || die "the packages hold no $makemap"
    printf 'key\tvalue\n' | "$makemap" -C "$try/try.cf" hash "$try/map" 2>"$try/err" && [ ! -s "$try/err" ] &&
        [ "$("$makemap" -C "$try/try.cf" -u hash "$try/map")" = $'key\tvalue' ] ||
        die "makemap does not work: $(cat "$try/err")
Missing libraries: $(ldd "$makemap" | grep 'not found' || echo none)"
    rm -r "$try"
}
