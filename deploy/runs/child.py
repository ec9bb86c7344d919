"""Runs the command as a child process that uses the terminal as if a shell had started it.

The command stays in the process group of this process, so the terminal's signals (for Ctrl-C,
Ctrl-Z or a new window size) reach the command directly; this process ignores them. Signals that
other programs send to this process are meant for the command, and forwarded to it. When the command
is suspended, this process suspends itself too, because a shell with job control watches only this
process.
"""

import ctypes
import os
import resource
import signal
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import NamedTuple

_NOT_FOUND, _NOT_EXECUTABLE = 127, 126  # the exit codes of a shell
_PR_SET_CHILD_SUBREAPER = 36
# Signals not to forward: faults of this process, uncatchable signals, and what Python ignores.
_OURS = (
    *("SIGSEGV", "SIGBUS", "SIGFPE", "SIGILL", "SIGTRAP", "SIGSYS", "SIGABRT", "SIGKILL"),
    *("SIGSTOP", "SIGPIPE", "SIGXFSZ"),
)


class CommandError(Exception):
    """The command could not be started; ``code`` is the exit code that a shell would return."""

    def __init__(self, sentence: str, code: int) -> None:
        """Store the error message for the user (``sentence``) and the exit code."""
        super().__init__(sentence)
        self.code = code


class End(NamedTuple):
    """How the command ended, and the resources that it and its reaped children used.

    ``status`` is the exit code of the command, or minus the number of the signal that ended it.
    ``ram_peak`` is the largest RSS of a single process, in bytes; 0 if unknown. The kernel may
    report the parent's peak RSS instead, because the child shares the parent's memory until the
    command is loaded. So a value of at most twice that peak counts as unknown.
    """

    status: int
    cpu_seconds: float
    ram_peak: int

    @property
    def exit_code(self) -> int | None:
        """The exit code; None if a signal ended the command."""
        return self.status if self.status >= 0 else None

    @property
    def signal(self) -> str | None:
        """The name of the signal that ended the command, or None."""
        return None if self.status >= 0 else signal_name(-self.status)


def signal_name(number: int) -> str:
    """Return a signal's name, such as ``SIGTERM`` or ``SIGRTMIN+3``."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"SIGRTMIN+{number - signal.SIGRTMIN}"


class Child:
    """Runs ``command`` and forwards signals to it.

    Call all methods in the main thread, and call ``start`` before any other thread starts.
    Those threads then inherit the signal mask, which blocks the forwarded signals.
    """

    def __init__(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        """Prepare; ``start`` runs the command."""
        self.pid = 0
        self._own_peak = 0  # kB
        self._command = list(command)
        self._environment = environment
        ours = {getattr(signal, name) for name in _OURS}
        self._signals = signal.valid_signals() - ours

    def start(self) -> None:
        """Start the command. Raises CommandError."""
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # if ignored, the exit code is lost
        self._own_peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        before = signal.pthread_sigmask(signal.SIG_BLOCK, self._signals)
        program = self._command[0]
        try:
            self.pid = os.posix_spawnp(
                program,
                self._command,
                self._environment,
                setsigmask=before,
                setsigdef=(signal.SIGPIPE, signal.SIGXFSZ),  # Python ignores these
            )
        except (OSError, ValueError) as error:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
            found = not isinstance(error, FileNotFoundError)
            reason = getattr(error, "strerror", None) or str(error)
            code = _NOT_EXECUTABLE if found else _NOT_FOUND
            raise CommandError(f"Cannot run {program}: {reason}.", code) from None
        _inherit_orphans()

    def wait(
        self, family: Callable[[], Collection[int]], before_reaping: Callable[[], None]
    ) -> End:
        """Wait until the command ends, forwarding signals to it.

        ``family()`` returns the ids of the command's own processes. Except for SIGCONT, a signal
        from one of these processes is not forwarded. Such a signal is usually sent to the whole
        process group, so the command has already received it.
        ``before_reaping`` is called while the ended command is still visible in ``/proc``.
        """
        while not self._has_ended():
            received = signal.sigwaitinfo(self._signals)
            if received.si_signo == signal.SIGCHLD:
                self._follow_stop()
            elif received.si_signo == signal.SIGCONT or (
                received.si_code <= 0 and received.si_pid not in {self.pid, *family()}
            ):
                os.kill(self.pid, received.si_signo)
        before_reaping()
        _, status, used = os.wait4(self.pid, 0)
        peak = used.ru_maxrss if used.ru_maxrss > 2 * self._own_peak else 0
        code = os.waitstatus_to_exitcode(status)
        return End(code, used.ru_utime + used.ru_stime, peak * 1024)

    def _has_ended(self) -> bool:
        """Return whether the command has ended. Reap ended orphans, but not the command."""
        while ended := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT):
            if ended.si_pid == self.pid:
                return True
            os.waitpid(ended.si_pid, 0)
        return False

    def _follow_stop(self) -> None:
        try:
            stopped = os.waitid(os.P_PID, self.pid, os.WSTOPPED | os.WNOHANG)
        except ChildProcessError:  # the command has ended
            return
        if stopped is None or signal.SIGCONT in signal.sigpending():
            return
        number = {stopped.si_status}
        if signal.SIGSTOP in number:
            os.kill(os.getpid(), signal.SIGSTOP)
            return
        signal.sigtimedwait(number, 0)  # discard the terminal's own signal, or we would stop twice
        signal.pthread_sigmask(signal.SIG_UNBLOCK, number)
        os.kill(os.getpid(), stopped.si_status)
        signal.pthread_sigmask(signal.SIG_BLOCK, number)


def end_like(end: End) -> int:
    """Return the command's exit code; if a signal ended the command, end this process with it."""
    if end.status >= 0:
        return end.status
    number = -end.status
    _, hard = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (0, hard))  # the command has dumped its own core
    if number != signal.SIGKILL:
        signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {number})
    sys.stderr.flush()
    os.kill(os.getpid(), number)
    return 128 + number


def allow_interruption() -> None:
    """Unblock the signals that can end this process, now that the command has ended.

    Signals that have arrived so far were meant for the command, and are discarded.
    """
    ending = {signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM}
    while signal.sigtimedwait(ending, 0) is not None:
        pass
    signal.pthread_sigmask(signal.SIG_UNBLOCK, ending)


def _inherit_orphans() -> None:
    """Make this process, instead of init, the new parent of orphaned descendants."""
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1)
