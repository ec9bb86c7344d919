"""The minimal rights of a token, and what is reported if one is missing."""

from contextlib import closing
from dataclasses import replace

import pytest
from influxdb_client import BucketRetentionRules

from telemetry.catalogue import ANNOTATION
from telemetry.errors import HistoryUnavailableError
from telemetry.events import Event
from telemetry.history.port import EventQuery
from tests.services.influxdb_tokens import LimitedToken, administrator, new_token
from tests.telemetry.history.conftest import InfluxdbStore
from tests.telemetry.history.samples import cpu, listed, question

HIDDEN = "is inactive or lacks permission to read the bucket. Activate the token"
NOT_CREATED = (
    "the token is not permitted to create it: set influxdb_token to an active token with the "
    "permissions read:orgs, read:buckets and write:buckets"
)
DENIED = r"rejected the token \(.+\): set influxdb_token to an active token that can read and write"


def with_token(store: InfluxdbStore, token: LimitedToken) -> InfluxdbStore:
    return replace(store, server=token.account)


def with_buckets(store: InfluxdbStore) -> tuple[str, str]:
    """Create the two buckets of ``store``, and return their names."""
    names = store.bucket, f"{store.bucket}-long"
    with administrator(store.server) as client:
        for name, seconds in zip(names, (3600, 7 * 86_400), strict=True):
            rules = BucketRetentionRules(type="expire", every_seconds=seconds)
            client.buckets_api().create_bucket(bucket_name=name, retention_rules=rules)
    return names


def write_and_read(store: InfluxdbStore) -> None:
    now = store.clock()
    with closing(store.new_writer()) as writer, closing(store.new_reader()) as reader:
        writer.open()
        reader.open()
        reader.ping()
        writer.write([cpu(now), Event("system/annotations", "1", now, None, {})])
        assert reader.read(question(now, now + 1))["system/cpu"].timestamps == [now]
        assert listed(reader) == {"h": ["system/cpu"]}
        assert len(reader.events(EventQuery(ANNOTATION, now, now + 1))) == 1


def test_a_token_for_all_buckets_and_the_organization_creates_the_buckets(
    influxdb_store: InfluxdbStore,
) -> None:
    token = new_token(influxdb_store.server, "read:orgs", "read:buckets", "write:buckets")
    write_and_read(with_token(influxdb_store, token))


def test_a_token_for_the_two_existing_buckets_is_enough(influxdb_store: InfluxdbStore) -> None:
    names = with_buckets(influxdb_store)
    token = new_token(influxdb_store.server, "read:buckets", "write:buckets", buckets=names)
    write_and_read(with_token(influxdb_store, token))


def test_a_token_that_may_read_both_buckets_is_enough_for_an_api(
    influxdb_store: InfluxdbStore,
) -> None:
    now = influxdb_store.clock()
    with closing(influxdb_store.new_writer()) as writer:
        writer.open()
        writer.write([cpu(now)])
    names = influxdb_store.bucket, f"{influxdb_store.bucket}-long"
    token = new_token(influxdb_store.server, "read:buckets", buckets=names)
    with closing(with_token(influxdb_store, token).new_reader()) as reader:
        reader.open()
        reader.ping()
        assert reader.read(question(now, now + 1))["system/cpu"].timestamps == [now]


@pytest.mark.parametrize(
    ("rights", "exist", "sentence"),
    [
        ("read:buckets write:buckets", False, NOT_CREATED),
        ("read:orgs read:buckets", False, NOT_CREATED),
        ("write:buckets", True, HIDDEN),
        ("read:buckets", True, DENIED),
    ],
)
def test_a_token_that_lacks_a_right_is_reported_in_one_sentence(
    influxdb_store: InfluxdbStore, rights: str, sentence: str, *, exist: bool
) -> None:
    names = with_buckets(influxdb_store) if exist else ()
    token = new_token(influxdb_store.server, *rights.split(), buckets=names)

    def write() -> None:
        writer.open()
        writer.write([cpu(influxdb_store.clock())])

    with closing(with_token(influxdb_store, token).new_writer()) as writer:
        with pytest.raises(HistoryUnavailableError, match=sentence) as failure:
            write()
        assert token.account.token not in str(failure.value)


@pytest.mark.parametrize(("exist", "sentence"), [(True, HIDDEN), (False, NOT_CREATED)])
def test_an_inactive_token_is_reported_until_it_is_active_again(
    influxdb_store: InfluxdbStore, sentence: str, *, exist: bool
) -> None:
    if exist:
        with_buckets(influxdb_store)
    token = new_token(influxdb_store.server, "read:orgs", "read:buckets", "write:buckets")
    token.set_active(active=False)
    with closing(with_token(influxdb_store, token).new_writer()) as writer:
        with pytest.raises(HistoryUnavailableError, match=sentence):
            writer.open()
        token.set_active(active=True)
        writer.open()


def test_a_reader_with_an_inactive_token_reports_it_for_each_query(
    influxdb_store: InfluxdbStore,
) -> None:
    names = with_buckets(influxdb_store)
    now = influxdb_store.clock()
    token = new_token(influxdb_store.server, "read:buckets", buckets=names)
    token.set_active(active=False)
    with closing(with_token(influxdb_store, token).new_reader()) as reader:
        reader.open()
        for ask in (
            reader.ping,
            reader.hosts,
            lambda: reader.channels("h"),
            lambda: reader.read(question(now - 1, now)),
            lambda: reader.events(EventQuery(ANNOTATION, now - 1, now)),
        ):
            with pytest.raises(HistoryUnavailableError, match=HIDDEN):
                ask()
