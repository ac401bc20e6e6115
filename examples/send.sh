#!/bin/sh
# Send a workflow over HTTP with curl, then ask how it stands until it has ended: sh send.sh URL API_KEY:API_SECRET FILE
set -eu
url=$1 credentials=$2 file=$3

# Under its key the request happens once, however often curl sends it.
key=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
answer=$(curl --silent --show-error --fail-with-body --retry 5 --retry-connrefused --user "$credentials" \
    --header 'Content-Type: application/json' --header "Idempotency-Key: $key" --data-binary "@$file" "$url/v0.1/dispatch")
id=$(printf '%s' "$answer" | sed -n 's/.*"dispatch_uuid":"\([0-9a-f-]*\)".*/\1/p')
echo "taken: $id"

until state=$(curl --silent --show-error --fail-with-body --user "$credentials" "$url/v1/workflows/$id") &&
    printf '%s' "$state" | grep -q '"state":"final"'; do
    sleep 1
done
printf '%s\n' "$state"
