#!/bin/sh
# Virtual host, policies, users and rights of Cascade, for a broker that its operators look after.
# Each add_user asks for a password. Afterwards: cascade topology apply, with the URL of cascade-setup.
set -eu
rabbitmqctl add_vhost cascade
rabbitmqctl set_policy -p cascade --priority 10 --apply-to queues cascade-work '^cascade\.(intake|commands|receipts|inbound|(send|next)\..+)$' '{"delivery-limit": 20, "dead-letter-exchange": "cascade.dead", "dead-letter-strategy": "at-least-once", "overflow": "reject-publish", "max-length": 1000000}'
rabbitmqctl set_policy -p cascade --priority 10 --apply-to queues cascade-dead '^cascade\.dead$' '{"delivery-limit": 1000000, "overflow": "reject-publish", "max-length": 5000000}'
rabbitmqctl add_user cascade-ingress
rabbitmqctl set_permissions -p cascade cascade-ingress '^$' '^cascade\.(sends|commands|receipts)$' '^$'
rabbitmqctl add_user cascade-dispatcher
rabbitmqctl set_permissions -p cascade cascade-dispatcher '^$' '^cascade\.(steps|events|answers|dead)$' '^cascade\.(intake|commands|receipts|inbound|dead|(send|next)\..+)$'
rabbitmqctl add_user cascade-console
rabbitmqctl set_permissions -p cascade cascade-console '^$' '^cascade\.commands$' '^$'
rabbitmqctl add_user cascade-setup
rabbitmqctl set_permissions -p cascade cascade-setup '^cascade\..+$' '^(cascade\..+|amq\.default)$' '^cascade\..+$'
