"""Converts a channel and a host to an MQTT topic and back."""

import hashlib
import re
from dataclasses import dataclass

from telemetry.catalogue import ROOT

_HOST = "{host}"
ALL_CHANNELS = f"{ROOT}/#"
"""The MQTT filter that matches every channel."""


@dataclass(frozen=True, slots=True)
class TopicScheme:
    """Our topics: an optional ``prefix``, which may contain ``{host}``, followed by the channel.

    Without a prefix, the topic *is* the channel's name. With ``fleet/{host}``, the topic of
    ``system/cpu`` on host ``gpu-07`` is ``fleet/gpu-07/system/cpu``.
    """

    prefix: str = ""

    def topic(self, host: str, channel: str) -> str:
        """Return the topic for ``channel`` of ``host``."""
        return self._join(self.prefix.replace(_HOST, host), channel)

    @property
    def per_host(self) -> bool:
        """Whether each topic contains the name of its host."""
        return _HOST in self.prefix

    def everything(self) -> str:
        """Return the MQTT filter that matches every channel of every host."""
        return self.of_every_host(ALL_CHANNELS)

    def of_every_host(self, channel_filter: str) -> str:
        """Return the MQTT filter for all topics whose channel matches ``channel_filter``."""
        return self._join(self.prefix.replace(_HOST, "+"), channel_filter)

    def client_id(self, role: str, name: str) -> str:
        """Return the MQTT client ID for ``role`` and ``name``.

        The ID also depends on the prefix, so installations that use the same names but different
        prefixes can share a broker.
        """
        site = hashlib.sha256(self.prefix.encode()).hexdigest()[:8]
        return f"system-monitor-{role}-{name}" + (f"-{site}" if self.prefix else "")

    def parse(self, topic: str) -> tuple[str | None, str] | None:
        """Return the host and the channel of ``topic``, or None if it does not fit the scheme.

        The host is None if the prefix does not contain ``{host}``.
        """
        pattern = re.escape(self.prefix).replace(re.escape(_HOST), "(?P<host>[^/]+)")
        match = re.fullmatch(self._join(pattern, rf"(?P<channel>{ROOT}/.+)"), topic, re.DOTALL)
        if match is None:
            return None
        return match.groupdict().get("host"), match["channel"]

    @staticmethod
    def _join(prefix: str, channel: str) -> str:
        return f"{prefix}/{channel}" if prefix else channel
