"""The last minutes of the hosts with runs, in memory."""

import json

from api.recordings.buffer import Buffer, Moment, noted


def moment(arrived: float, line: bytes = b"x" * 10, kills: int | None = None) -> Moment:
    return Moment(arrived, int(arrived * 1000), line, kills)


def test_only_the_last_seconds_are_kept() -> None:
    buffer = Buffer(60, 10**6)
    buffer.keep({"a"})
    for time in range(0, 200, 10):
        buffer.append("a", moment(time))
    assert [each.arrived for each in buffer.last("a", 1000)] == list(range(130, 200, 10))
    assert [each.arrived for each in buffer.last("a", 20)] == [170, 180, 190]
    assert (buffer.newest("a"), buffer.size) == (190, 70)


def test_a_host_with_large_messages_shortens_only_its_own_past() -> None:
    buffer = Buffer(1000, 1000)
    buffer.keep({"a", "b"})
    for time in range(20):
        buffer.append("a", moment(time))
        buffer.append("b", moment(time, b"y" * 200))
    assert len(buffer.last("a", 1000)) == 20
    assert len(buffer.last("b", 1000)) == 2
    assert buffer.size <= 1000


def test_a_message_larger_than_the_share_is_not_kept() -> None:
    buffer = Buffer(60, 100)
    buffer.keep({"a"})
    buffer.append("a", moment(0, b"x" * 101))
    assert (buffer.last("a", 60), buffer.newest("a"), buffer.size) == ([], None, 0)


def test_hosts_that_are_no_longer_kept_release_their_memory() -> None:
    buffer = Buffer(60, 1000)
    buffer.keep({"a", "b"})
    buffer.append("a", moment(0))
    buffer.keep({"b"})
    assert (buffer.size, buffer.keeps("a"), buffer.keeps("b")) == (0, False, True)
    assert (buffer.last("a", 60), buffer.newest("a")) == ([], None)


def test_more_hosts_have_smaller_shares() -> None:
    buffer = Buffer(60, 100)
    buffer.keep({"a"})
    for time in range(10):
        buffer.append("a", moment(time))
    buffer.keep({"a", "b"})
    assert buffer.size == 50


def test_a_kill_by_the_kernel_is_noted_where_its_counter_rises() -> None:
    kills = [None, 4, None, 4, 6, 6]
    moments = [moment(number, b"%d\n" % number, each) for number, each in enumerate(kills)]
    lines = list(noted(moments, "fleet/a/system/annotations", "a", "r-1"))
    assert [each for each in lines if len(each) == 2] == [b"%d\n" % n for n in range(6)]
    topic, _, payload = lines[5].partition(b" ")
    assert topic == b"fleet/a/system/annotations"
    assert json.loads(payload) == {
        "text": "The kernel killed 2 processes because memory ran out.",
        "tags": ["oom_kill"],
        "run": "r-1",
        "timestamp": 4000,
        "host": "a",
    }


def test_a_counter_that_a_restart_has_set_back_is_not_a_kill() -> None:
    moments = [moment(0, b"0\n", 4), moment(1, b"1\n", 0), moment(2, b"2\n", 1)]
    assert len(list(noted(moments, "t", "a", "r"))) == 4
