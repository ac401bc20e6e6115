"""What the compose file runs in the broker's container: users and rights, once, with the given password."""

import subprocess

import pytest

from deploy.rabbitmq_node import Node
from deploy.rabbitmq_software import NodeError
from tests.support.broker import ROOT

pytestmark = pytest.mark.xdist_group("broker-first-start")

PASSWORD = "Made-up-for-this-test-1"
USERS = ("cascade-ingress", "cascade-dispatcher", "cascade-console", "cascade-setup")


def run_first_start(node: Node, password: str) -> None:
    environment = node.folder.environment(node.software, node.identity)
    environment["PATH"] = f"{environment['RABBITMQ_SCRIPTS_DIR']}:{environment['PATH']}"
    subprocess.run(
        ["sh", ROOT / "deploy" / "rabbitmq" / "first_start.sh"],
        env={**environment, "CASCADE_BROKER_PASSWORD": password},
        check=True,
        timeout=120,
    )


def test_the_services_sign_in_and_guest_is_gone_and_a_restart_changes_nothing(own_broker: Node) -> None:
    # Given the user that the container's image makes, which this node does without
    own_broker.ctl("add_user", "guest", "guest")

    # When
    run_first_start(own_broker, PASSWORD)
    run_first_start(own_broker, "another, which comes too late")

    # Then
    for user in USERS:
        own_broker.ctl("authenticate_user", user, PASSWORD)
    with pytest.raises(NodeError):
        own_broker.ctl("authenticate_user", "cascade-setup", "another, which comes too late")
    users = own_broker.ctl("list_users")
    assert "guest" not in users
    assert "cascade-dispatcher" in own_broker.ctl("list_permissions", "-p", "cascade")
    assert "cascade-work" in own_broker.ctl("list_policies", "-p", "cascade")
