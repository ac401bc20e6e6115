#!/bin/sh
# Run inside the broker's container once it is started: virtual host, policies, users and rights. Does nothing the next time.
# CASCADE_BROKER_PASSWORD becomes the password of Cascade's own users.
set -eu

command rabbitmqctl --quiet await_startup
if command rabbitmqctl --quiet list_users | grep -q '^cascade-setup'; then
    exit 0
fi

# add_user asks for the password on standard input; nothing else reads it.
rabbitmqctl() {
    printf '%s\n' "$CASCADE_BROKER_PASSWORD" | command rabbitmqctl --quiet "$@"
}

# shellcheck source=deploy/rabbitmq/setup.sh
. "$(dirname "$0")/setup.sh"
rabbitmqctl delete_user guest
