"""The verbs of `cascade`, each imported only when it is called, so that the command starts at once.

Exit codes: 0 fine, 1 it failed (one line says why), 2 wrong usage.
"""

from __future__ import annotations

import importlib
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

import click

from shared.errors import CascadeError

VERBS = {
    "dev": ("services.cli.dev", "Run the demo: real workflows, a kill -9, and what came of them."),
    "up": ("services.cli.up", "Start everything in the background under the state folder."),
    "down": ("services.cli.down", "Stop everything that `up` started."),
    "ingress": ("services.cli.services", "Run the ingress in the foreground."),
    "dispatcher": ("services.cli.services", "Run a dispatcher in the foreground."),
    "sandbox": ("services.cli.services", "Run the simulated provider in the foreground."),
    "send": ("services.cli.send", "Send a message or a workflow, wait, and tell its story."),
    "show": ("services.cli.show", "Tell the story of a workflow or message."),
    "find": ("services.cli.find", "Find workflows by a number or a reference, and tell their stories."),
    "cancel": ("services.cli.cancel", "Cancel what was not sent yet."),
    "deliveries": ("services.cli.deliveries", "What callers' addresses were told, and what came of it."),
    "channel": ("services.cli.channel", "Pause or resume a channel."),
    "account": ("services.cli.account", "Accounts at the provider."),
    "app": ("services.cli.application", "Callers' applications."),
    "key": ("services.cli.key", "Callers' api keys."),
    "tenant": ("services.cli.tenant", "Where tenants without an application are told."),
    "publisher": ("services.cli.publisher", "Other systems that publish to the queue."),
    "jwt": ("services.cli.jwt", "Print a token for curl."),
    "contract": ("services.cli.contract", "The API and the queue as OpenAPI, AsyncAPI and JSON Schemas."),
    "topology": ("services.cli.topology", "Exchanges, queues, policies and rights on the broker."),
    "db": ("services.cli.db", "The store's schema."),
    "doctor": ("services.cli.doctor", "Check that everything is as it should be, and say what mends it."),
}


class Verbs(click.Group):
    """A group that imports a verb's module when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the verbs in the order a reader meets them."""
        del ctx
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return one verb; None where there is none of that name."""
        del ctx
        if cmd_name not in VERBS:
            return None
        module = importlib.import_module(VERBS[cmd_name][0])
        command: click.Command = getattr(module, cmd_name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the verbs with their sentences, without importing any."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, sentence) for name, (_, sentence) in VERBS.items()])


@click.group(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="cascade", message="%(prog)s %(version)s")
def cascade() -> None:
    """Send a message through a list of channels until one is known to have reached the person."""


def main() -> NoReturn:
    """Run the command line; what goes wrong on purpose is one line on stderr and exit code 1."""
    try:
        cascade(prog_name="cascade", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        print("stopped", file=sys.stderr)
        sys.exit(1)
    except CascadeError as error:
        print(f"cascade: {error}", file=sys.stderr)
        sys.exit(1)
    except BrokenPipeError:
        # Who read our words has gone (`cascade show ... | head`): Python must not complain at its own end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except OSError as error:
        if error.filename is None:
            raise
        print(f"cascade: {error.filename}: {error.strerror}{_whose(error.filename)}", file=sys.stderr)
        sys.exit(1)
    sys.exit(0)


def _whose(path: str | bytes | int) -> str:
    """Say it where the folder is another user's: `make up` was once typed as root, say."""
    with suppress(OSError, TypeError):
        owner = Path(os.fsdecode(path)).parent.stat().st_uid  # type: ignore[arg-type]  # a number raises TypeError
        if owner != os.geteuid():
            return f" (the folder belongs to user {owner}; set CASCADE_STATE_DIR to one of yours)"
    return ""


if __name__ == "__main__":
    main()
