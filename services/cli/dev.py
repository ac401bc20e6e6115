"""`cascade dev`: real workflows through everything there is, a `kill -9`, and the proof that nothing got lost."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.metadata import version

import click

from deploy.ports import free_port
from services.cli.demo_kinds import KILLED, KINDS
from services.cli.demo_plan import LEAST_WORKFLOWS, Plan, make_plan
from services.cli.demo_report import closing, kill_lines, rows, story
from services.cli.demo_run import Result, perform
from services.cli.demo_stories import chosen
from services.cli.down import stop_home
from services.cli.home import Home, shown
from services.cli.up import start_home

ELSEWHERE = ("BROKER_URL", "STORE_URL", "INGRESS_URL", "APPLICATION_ID", "PRIVATE_KEY_FILE")
"""CASCADE_* variables that would lead the demo to somebody's own broker, store or ingress."""
OF_THE_DEMO = {
    # A re-send in doubt can then be seen within the demo: 60 s is the least that is allowed.
    "CASCADE_RECONCILE_S": "sms=60",
    # The dispatchers' logs tell who made which call.
    "CASCADE_LOG_FORMAT": "json",
    "CASCADE_LOG_LEVEL": "info",
}


@click.command()
@click.option("--stay", is_flag=True, help="Leave everything running at the end, and say where it is.")
@click.option(
    "--workflows", type=click.IntRange(min=LEAST_WORKFLOWS), default=210, show_default=True, help="How many to run."
)
def dev(*, stay: bool, workflows: int) -> None:
    """Run the demo: workflows of every kind through a RabbitMQ, two dispatchers and a simulated provider.

    One dispatcher is killed while it calls. Everything is kept in a state folder and on ports of its own, and
    stopped at the end, also after Ctrl-C. Exit code 1 unless nothing was lost and nothing was sent twice.
    """
    begun = time.monotonic()
    _leave_alone_what_is_not_ours()
    os.environ.update(OF_THE_DEMO)
    home = demo_home()
    plan = make_plan(workflows)
    click.echo(f"\n  cascade {version('cascade')}, the demo: {plan.total} workflows; Ctrl-C stops and cleans up\n")
    with _stopped_at_the_end(home, stay=stay):
        result = _run(home, plan)
        if stay:
            _say_where(home)
    _tell(result, home, seconds=time.monotonic() - begun)
    click.echo(f"\n{result.count.last_line}")
    if not result.count.clean:
        sys.exit(1)


def demo_home() -> Home:
    """Return the demo's own home: below the state folder, on free ports, with the unpacked packages of all."""
    base = Home.from_environment().state_dir
    ingress = free_port()
    sandbox = next(port for port in iter(free_port, None) if port != ingress)
    return Home(state_dir=base / "demo", ports={"ingress": ingress, "sandbox": sandbox}, unpacked_dir=base / "debian")


def _leave_alone_what_is_not_ours() -> None:
    for name in ELSEWHERE:
        if os.environ.pop(f"CASCADE_{name}", None):
            click.echo(f"  CASCADE_{name} is set and left alone: the demo has everything of its own", err=True)


@contextmanager
def _stopped_at_the_end(home: Home, *, stay: bool) -> Iterator[None]:
    """Begin with an empty folder, and stop all processes of it however the block ends."""
    stop_home(home)
    shutil.rmtree(home.state_dir, ignore_errors=True)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _like_ctrl_c)
    finished = False
    try:
        yield
        finished = True
    finally:
        if not (stay and finished):
            # Whoever presses Ctrl-C again would leave processes behind.
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                signal.signal(number, signal.SIG_IGN)
            _echo_if_heard("\n  stopping everything ...")
            _echo_if_heard(f"  stopped {', '.join(stop_home(home))}")


def _echo_if_heard(line: str) -> None:
    """Print, unless the reader of a pipe or the terminal is gone: that must not keep us from stopping."""
    with suppress(OSError):
        click.echo(line)


def _like_ctrl_c(number: int, frame: object) -> None:
    del number, frame
    raise KeyboardInterrupt


def _run(home: Home, plan: Plan) -> Result:
    urls = start_home(home, say=click.echo)
    seconds = plan.steady[-1].after_s
    click.echo(
        f"\n  phones {home.url('sandbox')}/   logs {shown(home.log_dir)}/"
        f"\n\n  sending {plan.total} workflows in {seconds:.0f} s; their windows take 15 s of real time, a doubt 60 s\n"
    )
    return perform(home, urls, plan, click.echo)


def _say_where(home: Home) -> None:
    click.echo(
        f"\n  It stays: ingress {home.url('ingress')}, phones {home.url('sandbox')}/, logs {shown(home.log_dir)}/,"
        f" credentials {shown(home.demo_file)}, pid files {shown(home.state_dir / 'run')}/"
        f"\n  The next demo stops it, and so does: CASCADE_STATE_DIR={shown(home.state_dir)} .venv/bin/cascade down"
    )


def _tell(result: Result, home: Home, *, seconds: float) -> None:
    for case, title in chosen(result.cases, result.kill):
        click.echo()
        for line in story(case, title):
            click.echo(line)
    click.echo()
    for line in rows((*KINDS, KILLED), result.cases, result.received):
        click.echo(line)
    click.echo()
    for line in kill_lines(result.kill, result.cases):
        click.echo(line)
    click.echo()
    for sentence in result.not_accepted:
        click.echo(f"  not accepted: {sentence}")
    for line in closing(result.count, result.cases, result.received, result.heard):
        click.echo(line)
    click.echo(f"  it took {seconds:.0f} s; logs and store are kept in {shown(home.state_dir)}/ until the next demo")
