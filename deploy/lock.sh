#!/bin/sh
# Turn requirements/*.in into hashed *.txt files that hold for Python 3.11 to 3.13 and name no index.
set -eu
cd "$(dirname "$0")/.."

tool=.state/lock
if [ ! -x "$tool/bin/uv" ]; then
    .venv/bin/python -m venv "$tool"
    "$tool/bin/python" -m pip install --quiet --disable-pip-version-check uv==0.13.9
fi
for name in runtime dev clients clients_node; do
    (
        cd requirements
        "../$tool/bin/uv" pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --no-annotate \
            --python-version 3.11 "$name.in" -o "$name.txt"
    )
done
