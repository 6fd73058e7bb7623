#!/bin/sh
# Pins every requirement set, each a superset of the one before, for all platforms and Pythons from 3.11 on.
# No index address is written: any mirror serves the same files, and the hashes prove it.
set -eu
cd "$(dirname "$0")/.."
uv=$1
pin() {
    "$uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes \
        --no-emit-index-url --no-emit-find-links --no-annotate --no-header \
        -c requirements/constraints.in "$@"
}
pin requirements/build.in -o requirements/build.txt
pin pyproject.toml -o requirements/base.txt
pin --extra engines pyproject.toml -c requirements/base.txt -o requirements/engines.txt
pin --extra postgresql --extra valkey pyproject.toml -c requirements/base.txt -o requirements/scaling.txt
pin --extra engines --extra postgresql --extra valkey pyproject.toml requirements/dev.in -c requirements/engines.txt -c requirements/build.txt -o requirements/dev.txt
