# As root the agents run as two real users, as on a mail host; a normal user plays both.
# sendmail refuses a uid without a passwd entry ("Who are you?").

need_users() {
    is_root || return 0
    local name
    for name in mailadmin sympa; do
        getent passwd "$name" >/dev/null && continue
        say "creating the system user $name (the sandbox's agents run as mailadmin and sympa)"
        quietly "creating the user $name" \
            useradd --system --user-group --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin "$name"
    done
}
