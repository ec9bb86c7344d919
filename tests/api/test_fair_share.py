from api.fair_share import FairShare


def share_of(*addresses: str) -> FairShare[int]:
    share: FairShare[int] = FairShare()
    for number, address in enumerate(addresses):
        share.add(number, address)
    return share


def test_the_newest_of_the_address_with_the_most_is_the_surplus() -> None:
    assert share_of("10.0.0.1", "10.0.0.2", "10.0.0.1", "10.0.0.3").surplus() == 2


def test_a_newcomer_whose_address_would_have_the_most_is_the_surplus() -> None:
    assert share_of("10.0.0.1", "10.0.0.1", "10.0.0.2", "10.0.0.2").surplus() == 3


def test_addresses_with_one_member_each_keep_it() -> None:
    assert share_of("10.0.0.1", "10.0.0.2", "10.0.0.3").surplus() == 2


def test_all_addresses_that_one_machine_has_in_ipv6_count_as_one() -> None:
    assert share_of("2001:db8::1", "2001:db8::2", "2001:db8:0:1::1").surplus() == 1
    assert share_of("fe80::1%eth0", "fe80::2%eth0", "::1").surplus() == 1


def test_ipv4_addresses_that_are_written_as_ipv6_count_apart() -> None:
    assert share_of("::ffff:10.0.0.1", "10.0.0.1", "::ffff:10.0.0.2").surplus() == 1


def test_a_removed_member_does_not_count() -> None:
    share = share_of("10.0.0.1", "10.0.0.1", "10.0.0.2")
    share.discard(1)
    share.discard(1)
    assert len(share) == 2
    assert share.surplus() == 2


def test_above_the_limit_there_is_room_only_for_addresses_with_fewer_members() -> None:
    share = share_of("10.0.0.1", "10.0.0.1", "10.0.0.1", "10.0.0.2", "10.0.0.2")
    assert share.has_room("10.0.0.1", 6)
    assert not share.has_room("10.0.0.1", 5)
    assert not share.has_room("10.0.0.2", 5)
    assert share.has_room("10.0.0.3", 5)
    assert not share_of().has_room("10.0.0.1", 0)
