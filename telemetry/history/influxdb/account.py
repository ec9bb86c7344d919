"""Where the database is, and as whom to use which bucket."""

from dataclasses import dataclass, field, replace


@dataclass(frozen=True, slots=True)
class Account:
    """An InfluxDB 2.x at ``url`` and a bucket of ``org`` that ``token`` may use."""

    url: str
    token: str = field(repr=False)
    org: str
    bucket: str

    def for_days(self) -> "Account":
        """Return the same with the bucket of what is kept for days, such as events."""
        return replace(self, bucket=f"{self.bucket}-long")
