"""Sends requests to InfluxDB for one bucket.

Import this module only if the history is in InfluxDB: it loads urllib3, which takes 7 MB of memory.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from operator import itemgetter
from typing import Any, TypeVar

from telemetry.errors import HistoryUnavailableError
from telemetry.history.columns import not_unicode
from telemetry.history.influxdb.account import Account
from telemetry.history.influxdb.errors import ResponseError, errors_as_unavailable, refusal_of
from telemetry.history.influxdb.flux import Script
from telemetry.history.influxdb.retention import (
    DESCRIPTION,
    FoundBucket,
    require_enough,
    rules,
)
from telemetry.history.influxdb.server import CSV, JSON, Server

Found = TypeVar("Found")

_OK = HTTPStatus.OK, JSON
_CREATED = HTTPStatus.CREATED, JSON
_STORED = HTTPStatus.NO_CONTENT, ""
_TABLES = HTTPStatus.OK, CSV
_TOO_OLD = re.compile(r"dropped (\d+) points outside retention policy")


class Connection:
    """A thread-safe client for one account.

    Each method except ``close`` can raise HistoryUnavailableError.
    """

    def __init__(self, account: Account) -> None:
        """Create the client; nothing is sent yet."""
        self._account = account
        self._server = Server(account)

    def check(self, seconds: int) -> None:
        """Check that the token can read the bucket, and that the bucket's retention is sufficient.

        The retention must be at least ``seconds``. It is checked only if System Monitor did not
        create the bucket.
        """
        with errors_as_unavailable(self._account):
            require_enough(self._account, self._find(), seconds)

    def prepare_bucket(self, seconds: int) -> None:
        """Create the bucket if it is missing; ensure that it keeps data for at least ``seconds``.

        If System Monitor created the bucket, its retention is set to ``seconds``. The retention of
        any other bucket is only checked.
        """
        with errors_as_unavailable(self._account):
            try:
                bucket = self._find()
            except ResponseError as error:
                if not error.is_bucket_missing:
                    raise
                self._create(seconds)
                return
            if bucket.is_ours and bucket.seconds != seconds:
                body = json.dumps({"retentionRules": rules(seconds)}).encode()
                self._server.send("PATCH", f"buckets/{bucket.identity}", _OK, body=body)
            require_enough(self._account, bucket, seconds)

    def write(self, lines: Sequence[str]) -> int:
        """Write ``lines`` (times in nanoseconds) in one request.

        Returns the number of lines that InfluxDB dropped because they are older than the bucket's
        retention. Their age is measured by InfluxDB's clock. Raises HistoryRejectedError if the
        lines are not valid, or too large for one request.
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
                if error.is_bucket_missing:
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
        """Run ``script``; return its result as CSV, or an empty string if the bucket is missing."""
        organization = {"org": self._account.org}
        body = json.dumps(script.request()).encode()
        with errors_as_unavailable(self._account):
            try:
                answer = self._server.send(
                    "POST", "query", _TABLES, parameters=organization, body=body
                )
            except ResponseError as error:
                if not error.is_bucket_missing:
                    raise
                return self._nothing_yet()
        return answer.decode()

    def close(self) -> None:
        """Close the sockets."""
        self._server.close()

    def _nothing_yet(self) -> str:
        """Return "" if the bucket is missing; raise an error if the token cannot access it."""
        try:
            self._find()
        except ResponseError as error:
            if not error.is_bucket_missing:
                raise
        return ""

    def _find(self) -> FoundBucket:
        account = self._account
        found = self._list("buckets", FoundBucket.parse, name=account.bucket)
        if not found:
            raise HistoryUnavailableError(
                f"The token cannot access the bucket {account.bucket!r} of InfluxDB at "
                f"{account.url}: the token is inactive or lacks permission to read the bucket. "
                "Activate the token, or set influxdb_token to a token that can read the bucket "
                "(for the ingester: read and write the bucket)."
            )
        return found[0]

    def _list(
        self, kind: str, parse: Callable[[Mapping[str, Any]], Found], **selection: str
    ) -> list[Found]:
        """Return the accessible resources of ``kind`` that match ``selection``."""
        parameters = {"org": self._account.org, **selection}
        answer = self._server.send("GET", kind, _OK, parameters=parameters)
        try:
            return [parse(each) for each in json.loads(answer)[kind]]
        except (ValueError, LookupError, TypeError):
            raise ResponseError(HTTPStatus.OK, {}, answer) from None

    def _create(self, seconds: int) -> None:
        organizations = self._list("orgs", itemgetter("id"))
        if not organizations:
            raise self._cannot_create()
        body = {
            "orgID": organizations[0],
            "name": self._account.bucket,
            "description": DESCRIPTION,
            "retentionRules": rules(seconds),
        }
        try:
            self._server.send("POST", "buckets", _CREATED, body=json.dumps(body).encode())
        except ResponseError as error:
            if error.is_token_denied:
                raise self._cannot_create() from None
            raise

    def _cannot_create(self) -> HistoryUnavailableError:
        account = self._account
        return HistoryUnavailableError(
            f"InfluxDB at {account.url} has no bucket {account.bucket!r}, and the token is not "
            "permitted to create it: set influxdb_token to an active token with the permissions "
            "read:orgs, read:buckets and write:buckets, or create the bucket yourself."
        )
