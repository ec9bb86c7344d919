"""Starting and stopping, in separate processes because of the signals."""

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

_PROGRAM = """
import sys, threading, time
from deploy import lifecycle
from telemetry.errors import SettingsError

class Part:
    def __init__(self, name, start=lambda: None, stop=lambda: None):
        self.name, self.starting, self.stopping = name, start, stop
    def start(self):
        print("start", self.name, flush=True)
        self.starting()
    def stop(self):
        print("stop", self.name, flush=True)
        self.stopping()

def fail():
    raise SettingsError("It cannot work.")

def hang():
    time.sleep(60)

def run(*parts, announce=lambda: print("running", flush=True)):
    code = lifecycle.run_until_signal(parts, announce)
    print("ended", flush=True)
    sys.exit(code)

def thread(target):
    return lambda: threading.Thread(target=target, name="worker", daemon=True).start()

"""


# The tests may run under nohup themselves.
_AS_IN_A_TERMINAL = "import signal; signal.signal(signal.SIGHUP, signal.SIG_DFL)\n"


@contextmanager
def program(body: str, *, before: str = _AS_IN_A_TERMINAL) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-c", f"{before}{_PROGRAM}{body}"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def read_until(process: subprocess.Popen[str], line: str) -> None:
    assert process.stdout is not None
    for each in process.stdout:
        if each.strip() == line:
            return
    pytest.fail(f"never printed {line!r}")


def outcome(process: subprocess.Popen[str]) -> tuple[int, list[str], str]:
    # Not `communicate`: it loses the lines that `read_until` has read ahead.
    assert process.stdout is not None
    assert process.stderr is not None
    limit = threading.Timer(10, process.kill)
    limit.start()
    out, err = process.stdout.read(), process.stderr.read()
    limit.cancel()
    return process.wait(10), out.splitlines(), err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_the_parts_in_reverse_order(number: signal.Signals) -> None:
    with program("run(Part('a'), Part('b'), Part('c'))") as process:
        read_until(process, "running")
        process.send_signal(number)
        assert outcome(process) == (0, ["stop c", "stop b", "stop a", "ended"], "")


def test_a_second_signal_does_no_harm() -> None:
    with program("run(Part('a', stop=lambda: time.sleep(0.2)))") as process:
        read_until(process, "running")
        process.send_signal(signal.SIGINT)
        read_until(process, "stop a")
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGTERM)
        assert outcome(process) == (0, ["ended"], "")


def test_a_part_that_does_not_start_stops_those_before_it() -> None:
    with program("run(Part('a'), Part('b', start=fail), Part('c'))") as process:
        code, lines, errors = outcome(process)
    assert code != 0
    assert lines == ["start a", "start b", "stop a"]
    assert "It cannot work." in errors


def test_a_part_that_fails_to_stop_does_not_keep_others_from_stopping() -> None:
    with program("run(Part('a'), Part('b', stop=fail))") as process:
        read_until(process, "running")
        process.send_signal(signal.SIGTERM)
        code, lines, errors = outcome(process)
    assert (code, lines) == (0, ["stop b", "stop a", "ended"])
    assert "Part did not stop cleanly" in errors
    assert "Traceback" not in errors


def test_a_stop_that_hangs_is_cut_off_within_two_seconds() -> None:
    with program("run(Part('a'), Part('b', stop=hang))") as process:
        read_until(process, "running")
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        assert outcome(process) == (0, ["stop b"], "")
        assert time.monotonic() - began < 2


_SOON = "lifecycle._STOP_SECONDS = 0.8\n"  # a busy machine needs some of it to begin stopping


def test_a_start_that_hangs_is_cut_off_by_a_signal() -> None:
    with program(f"{_SOON}run(Part('a', start=hang))") as process:
        read_until(process, "start a")
        process.send_signal(signal.SIGINT)
        assert outcome(process) == (0, [], "")


def test_a_stop_that_hangs_after_a_failed_start_is_cut_off_with_the_error() -> None:
    with program(f"{_SOON}run(Part('a', stop=hang), Part('b', start=fail))") as process:
        assert outcome(process) == (
            2,
            ["start a", "start b", "stop a"],
            "system-monitor: It cannot work.\n",
        )


def test_a_signal_during_the_start_starts_no_further_part() -> None:
    with program("run(Part('a', start=lambda: time.sleep(0.3)), Part('b'))") as process:
        read_until(process, "start a")
        process.send_signal(signal.SIGINT)
        assert outcome(process) == (0, ["stop a", "ended"], "")


def test_an_announcement_that_takes_long_does_not_delay_the_stop() -> None:
    body = "run(Part('a'), announce=lambda: (print('running', flush=True), hang()))"
    with program(body) as process:
        read_until(process, "running")
        process.send_signal(signal.SIGINT)
        assert outcome(process) == (0, ["stop a", "ended"], "")


def test_under_nohup_the_end_of_the_terminal_ends_nothing() -> None:
    nohup = "import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
    body = (
        "run(Part('a'), announce=lambda: print(signal.getsignal(signal.SIGHUP).name, flush=True))"
    )
    with program(body, before=nohup) as process:
        read_until(process, "SIG_IGN")


@pytest.mark.parametrize("code", [0, 130])
def test_before_anything_has_started_a_signal_ends_the_process_without_output(code: int) -> None:
    body = f"lifecycle.end_on_signal({code}); print('running', flush=True); hang()"
    with program(body) as process:
        read_until(process, "running")
        process.send_signal(signal.SIGINT)
        assert outcome(process) == (code, [], "")


_DEATH = (
    "The thread 'worker' ended because of an unexpected error (SettingsError('It cannot work.')): "
    "System Monitor is stopping. Start it again, and report this error.\n"
)


_ONCE_RUNNING = """\
running = threading.Event()
die = thread(lambda: (running.wait(), fail()))
announce = lambda: (print('running', flush=True), running.set())
"""


def test_a_thread_that_dies_stops_everything_with_one_sentence_and_exit_code_1() -> None:
    body = f"{_ONCE_RUNNING}run(Part('a'), Part('b', start=die), announce=announce)"
    with program(body) as process:
        read_until(process, "running")
        assert outcome(process) == (1, ["stop b", "stop a", "ended"], _DEATH)


def test_a_stop_that_hangs_after_the_death_of_a_thread_is_cut_off_with_exit_code_1() -> None:
    body = f"{_SOON}{_ONCE_RUNNING}run(Part('a', start=die, stop=hang), announce=announce)"
    with program(body) as process:
        read_until(process, "running")
        assert outcome(process) == (1, ["stop a"], _DEATH)


def test_a_thread_that_dies_while_everything_stops_does_not_change_the_exit_code() -> None:
    with program("run(Part('a', stop=thread(fail)))") as process:
        read_until(process, "running")
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
