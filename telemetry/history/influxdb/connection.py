"""The requests to InfluxDB. Imports the client, which takes over 20 MB."""

import re
from collections.abc import Sequence

from influxdb_client import BucketRetentionRules, Dialect, InfluxDBClient, WritePrecision
from influxdb_client.client.write_api import SYNCHRONOUS
from influxdb_client.rest import ApiException

from telemetry.errors import HistoryUnavailableError
from telemetry.history.columns import not_unicode
from telemetry.history.influxdb.account import Account
from telemetry.history.influxdb.errors import (
    bucket_is_missing,
    errors_as_unavailable,
    message_of,
    refusal_of,
)
from telemetry.history.influxdb.flux import Script

_TIMEOUT_MILLISECONDS = 10_000
_TOO_OLD = re.compile(r"dropped (\d+) points outside retention policy")


class Connection:
    """A client for one account. Its methods are thread-safe.

    Each method raises HistoryUnavailableError.
    """

    def __init__(self, account: Account) -> None:
        """Create the client; nothing is sent yet."""
        if not (account.token.isascii() and account.token.isprintable()):
            # Checked here, because the error of http.client would quote the token.
            raise HistoryUnavailableError(
                "influxdb_token contains invalid characters: set it to an InfluxDB API token."
            )
        self._account = account
        self._client = InfluxDBClient(
            account.url, token=account.token, org=account.org, timeout=_TIMEOUT_MILLISECONDS
        )

    def check(self) -> None:
        """Check that the credentials are valid and the bucket exists."""
        with errors_as_unavailable(self._account):
            self._client.buckets_api().find_buckets(
                name=self._account.bucket, org=self._account.org
            )

    def prepare_bucket(self, retention_seconds: int) -> None:
        """Create the bucket with this retention, or correct the retention if it differs."""
        name, org = self._account.bucket, self._account.org
        rules = [BucketRetentionRules(type="expire", every_seconds=retention_seconds)]
        buckets = self._client.buckets_api()
        with errors_as_unavailable(self._account):
            try:
                bucket = buckets.find_buckets(name=name, org=org).buckets[0]
            except ApiException as error:
                if not bucket_is_missing(error):
                    raise
                buckets.create_bucket(bucket_name=name, retention_rules=rules, org=org)
                return
            if [rule.every_seconds for rule in bucket.retention_rules] != [retention_seconds]:
                bucket.retention_rules = rules
                buckets.update_bucket(bucket)

    def write(self, lines: Sequence[str]) -> int:
        """Write ``lines``, whose times are in nanoseconds, in one request.

        Returns how many lines InfluxDB dropped because they are older than the bucket's retention
        by the server's clock. Raises HistoryRejectedError if the lines are invalid.
        """
        writing = self._client.write_api(write_options=SYNCHRONOUS)
        with errors_as_unavailable(self._account):
            try:
                writing.write(
                    self._account.bucket,
                    self._account.org,
                    "\n".join(lines).encode(),
                    write_precision=WritePrecision.NS,
                )
            except UnicodeEncodeError:
                raise not_unicode() from None
            except ApiException as error:
                if bucket_is_missing(error):
                    raise HistoryUnavailableError(
                        f"InfluxDB at {self._account.url} no longer has the bucket "
                        f"{self._account.bucket!r}; the next write creates it again."
                    ) from None
                refusal = refusal_of(error)
                if refusal is None:
                    raise
                too_old = _TOO_OLD.search(message_of(error))
                if too_old is None:
                    raise refusal from None
                return int(too_old[1])
        return 0

    def query(self, script: Script) -> str:
        """Return the answer to ``script`` as CSV; empty if the bucket does not exist yet.

        It is returned as text because decoding by the client takes six times as long.
        """
        with errors_as_unavailable(self._account):
            try:
                response = self._client.query_api().query_raw(
                    script.text,
                    dialect=Dialect(header=True, annotations=[], delimiter=","),
                    params=dict(script.parameters),
                )
                text: str = response.data.decode()
            except ApiException as error:
                if not bucket_is_missing(error):
                    raise
                return ""
        return text

    def close(self) -> None:
        """Close the sockets."""
        self._client.close()
