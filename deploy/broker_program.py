"""The interface of the programs that can run as the embedded broker."""

import signal
from collections.abc import Sequence
from typing import Protocol

from deploy.broker_listeners import Listeners

Login = tuple[str, str]
"""The user name and password that clients must use."""


class BrokerProgram(Protocol):
    """A broker that runs as a child process and ends when this process ends."""

    @property
    def description(self) -> str:
        """The program's name, and its version if that matters."""

    @property
    def one_port(self) -> bool:
        """Whether the program serves MQTT 5 on the same port as MQTT 3.1.1."""

    @property
    def websockets(self) -> bool:
        """Whether the program serves MQTT over WebSocket."""

    @property
    def keeps_messages(self) -> bool:
        """Whether the program saves its messages when it ends, which can take a while."""

    @property
    def end_signal(self) -> signal.Signals | None:
        """The signal that ends the program; None if it ends when its standard input closes."""

    def prepare(self, listeners: Listeners, login: Login | None) -> Sequence[str]:
        """Write the configuration of a new process; return the command that starts it.

        Raises OSError if a file cannot be written, and SettingsError if a setting is unusable.
        """

    def discard_messages(self) -> None:
        """Delete all saved messages, both retained and queued. Safe to call if there are none."""

    def tidy(self) -> None:
        """Remove the configuration once the process has read it. Safe to call twice."""
