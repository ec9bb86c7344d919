"""The requests to InfluxDB for one bucket. Imports urllib3, which takes 7 MB."""

import json
import re
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from telemetry.errors import HistoryUnavailableError
from telemetry.history.columns import not_unicode
from telemetry.history.influxdb.account import Account
from telemetry.history.influxdb.errors import ResponseError, errors_as_unavailable, refusal_of
from telemetry.history.influxdb.flux import Script
from telemetry.history.influxdb.server import CSV, JSON, Server

_OK = HTTPStatus.OK, JSON
_CREATED = HTTPStatus.CREATED, JSON
_STORED = HTTPStatus.NO_CONTENT, ""
_TABLES = HTTPStatus.OK, CSV
_TOO_OLD = re.compile(r"dropped (\d+) points outside retention policy")


class Connection:
    """A client for one account. Its methods are thread-safe.

    Each method raises HistoryUnavailableError.
    """

    def __init__(self, account: Account) -> None:
        """Create the client; nothing is sent yet."""
        self._account = account
        self._server = Server(account)

    def check(self) -> None:
        """Check that the credentials are valid and the bucket exists."""
        with errors_as_unavailable(self._account):
            self._find()

    def prepare_bucket(self, seconds: int) -> None:
        """Create the bucket with this retention, or correct the retention if it differs."""
        rules = [{"type": "expire", "everySeconds": seconds}]
        with errors_as_unavailable(self._account):
            try:
                bucket = self._find()
            except ResponseError as error:
                if not error.says_bucket_is_missing:
                    raise
                self._create(rules)
                return
            if [rule["everySeconds"] for rule in bucket["retentionRules"]] != [seconds]:
                body = json.dumps({"retentionRules": rules}).encode()
                self._server.send("PATCH", f"buckets/{bucket['id']}", _OK, body=body)

    def write(self, lines: Sequence[str]) -> int:
        """Write ``lines``, whose times are in nanoseconds, in one request.

        Returns how many lines InfluxDB dropped because they are older than the bucket's retention
        by the server's clock. Raises HistoryRejectedError if the lines are invalid.
        """
        account = self._account
        try:
            body = "\n".join(lines).encode()
        except UnicodeEncodeError:
            raise not_unicode() from None
        parameters = {"org": account.org, "bucket": account.bucket, "precision": "ns"}
        with errors_as_unavailable(account):
            try:
                self._server.send("POST", "write", _STORED, parameters=parameters, body=body)
            except ResponseError as error:
                if error.says_bucket_is_missing:
                    raise HistoryUnavailableError(
                        f"InfluxDB at {account.url} no longer has the bucket {account.bucket!r}; "
                        "the next write creates it again."
                    ) from None
                refusal = refusal_of(error)
                if refusal is None:
                    raise
                too_old = _TOO_OLD.search(error.message or "")
                if too_old is None:
                    raise refusal from None
                return int(too_old[1])
        return 0

    def query(self, script: Script) -> str:
        """Return the answer to ``script`` as CSV; empty if the bucket does not exist yet."""
        organization = {"org": self._account.org}
        body = json.dumps(script.request()).encode()
        with errors_as_unavailable(self._account):
            try:
                answer = self._server.send(
                    "POST", "query", _TABLES, parameters=organization, body=body
                )
            except ResponseError as error:
                if not error.says_bucket_is_missing:
                    raise
                return ""
        return answer.decode()

    def close(self) -> None:
        """Close the sockets."""
        self._server.close()

    def _find(self) -> dict[str, Any]:
        return self._buckets(name=self._account.bucket)[0]

    def _buckets(self, **selection: str) -> list[dict[str, Any]]:
        """Return the selected buckets, as InfluxDB describes them."""
        parameters = {"org": self._account.org, **selection}
        answer = self._server.send("GET", "buckets", _OK, parameters=parameters)
        try:
            found = json.loads(answer)["buckets"]
            for each in found:
                each["id"], each["orgID"], each["retentionRules"]
        except (ValueError, LookupError, TypeError):
            raise ResponseError(HTTPStatus.OK, {}, answer) from None
        return list(found)

    def _create(self, rules: Sequence[object]) -> None:
        body = {
            "orgID": self._buckets(limit="1")[0]["orgID"],
            "name": self._account.bucket,
            "retentionRules": rules,
        }
        self._server.send("POST", "buckets", _CREATED, body=json.dumps(body).encode())
