#!/bin/sh
# Make the virtual environment in .venv from the hashed requirements. Called by the Makefile; may be run any number of times.
# Prints one line a step, and one line that says what mends it where a prerequisite is missing.
set -eu
cd "$(dirname "$0")/.."
wanted=${1:-}

fail() {
    printf '%s\n' "$1" >&2
    exit 1
}

find_python() {
    for candidate in $wanted python3 python3.13 python3.12 python3.11; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$candidate"
            return
        fi
    done
}

# One line that can be typed as it stands: root has no need of sudo, and on a bare system often no sudo either.
sudo=$([ "$(id -u)" = 0 ] || echo 'sudo ')
install="${sudo}apt-get update && ${sudo}apt-get install -y"
python=$(find_python)
[ -n "$python" ] || fail "Python 3.11 or newer is missing: $install python3 python3-venv   (or: make PYTHON=/path/to/python3.11)"
"$python" -c 'import venv, ensurepip' 2>/dev/null ||
    fail "Python's venv module is missing: $install python3-venv   (with a Python that is not the system's: python3.X-venv)"

# What a tool prints is shown only when it failed: a mirror's chatter is nobody's concern.
quietly() {
    say=$1
    shift
    printf '%s ... ' "$say"
    if output=$("$@" 2>&1); then
        printf 'done\n'
    else
        printf 'failed\n%s\n' "$output" >&2
        return 1
    fi
}

# A folder that was moved or half made has no working pip of its own: then it is made anew.
if ! .venv/bin/python -m pip --version >/dev/null 2>&1; then
    rm -rf .venv
    quietly "Making .venv with $("$python" -V)" "$python" -m venv .venv
fi
quietly "Installing the pinned packages (about half a minute)" \
    .venv/bin/python -m pip install --disable-pip-version-check --require-hashes -r requirements/dev.txt ||
    fail "The packages could not be installed: check the network or the proxy (pip's own settings are used), then type the same again."
quietly "Installing the cascade command" \
    .venv/bin/python -m pip install --disable-pip-version-check --no-build-isolation --no-deps --force-reinstall --editable . ||
    fail "The project itself could not be installed into .venv: rm -rf .venv and type the same again."
pwd >.venv/.made-for
