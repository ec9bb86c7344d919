"""The address of the InfluxDB server, the credentials, and the bucket."""

from dataclasses import dataclass, field, replace


@dataclass(frozen=True, slots=True)
class Account:
    """A bucket of ``org`` on the InfluxDB 2.x server at ``url``, and the ``token`` to access it."""

    url: str
    token: str = field(repr=False)
    org: str
    bucket: str

    def for_days(self) -> "Account":
        """Return this account with the bucket for data that is kept for days, such as events."""
        return replace(self, bucket=f"{self.bucket}-long")
