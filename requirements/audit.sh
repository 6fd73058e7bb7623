#!/bin/sh
# Looks up every pinned package in a database of known vulnerabilities: PyPI's own, or OSV's where only that is reached.
# 0: none known. 1: some are, and named, or a package is not in the database. 2: no database answers: nothing was checked.
set -eu
cd "$(dirname "$0")/.."
bin=$1
# A mirror of the packages may answer without knowing anything about them: an old release with known ones must have some.
knows() {
    "$bin/python" -c 'import sys, urllib.request
with urllib.request.urlopen(sys.argv[1], timeout=15) as answer:
    sys.exit(b"CVE-2021-33503" not in answer.read())' "$1" 2>/dev/null
}
if knows https://pypi.org/pypi/urllib3/1.26.4/json; then
    service=pypi
elif knows https://api.osv.dev/v1/vulns/PYSEC-2021-108; then
    service=osv
else
    echo "Not audited: neither pypi.org nor api.osv.dev tells about vulnerabilities here. Run it where one of them does." >&2
    exit 2
fi
set --
for file in requirements/*.txt; do
    set -- "$@" --requirement "$file"
done
exec "$bin/pip-audit" --strict --disable-pip --require-hashes --progress-spinner off --vulnerability-service "$service" "$@"
