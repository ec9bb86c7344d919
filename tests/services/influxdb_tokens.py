"""Tokens of an InfluxDB with exactly the rights that a test gives them."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from influxdb_client import Authorization, InfluxDBClient, Permission, PermissionResource

from tests.services.influxdb import Influxdb


@contextmanager
def administrator(server: Influxdb) -> Iterator[InfluxDBClient]:
    """Return a client that may do everything."""
    with InfluxDBClient(server.url, token=server.token, org=server.org) as client:
        yield client


@dataclass(frozen=True, slots=True)
class LimitedToken:
    """A token with few rights; ``account`` is ``server`` with this token."""

    server: Influxdb
    account: Influxdb
    authorization: Any

    def set_active(self, *, active: bool) -> None:
        """Activate the token, or deactivate it."""
        self.authorization.status = "active" if active else "inactive"
        with administrator(self.server) as client:
            client.authorizations_api().update_authorization(self.authorization)


def new_token(server: Influxdb, *rights: str, buckets: Sequence[str] = ()) -> LimitedToken:
    """Return a token with the ``rights``, such as "read:buckets", and no others.

    Rights on buckets are for the named ``buckets``, which exist, or for all of the organization's.
    """
    with administrator(server) as client:
        organization = client.organizations_api().find_organizations(org=server.org)[0].id
        find = client.buckets_api().find_bucket_by_name
        identities = {"buckets": [find(each).id for each in buckets] or [None]}
        permissions = [
            Permission(action, PermissionResource(id=each, type=kind, org_id=organization))
            for action, kind in (each.split(":") for each in rights)
            for each in identities.get(kind, [organization])
        ]
        wanted = Authorization(org_id=organization, permissions=permissions)
        authorization = client.authorizations_api().create_authorization(authorization=wanted)
    return LimitedToken(server, replace(server, token=authorization.token), authorization)
