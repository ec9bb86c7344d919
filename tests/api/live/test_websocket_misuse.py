"""Misbehaving clients of the live stream."""

import json
import sys
from contextlib import ExitStack

import pytest

from api.live.client import QUEUE_FRAMES
from api.live.filters import MAX_FILTERS
from api.live.websocket import MAX_MESSAGE_BYTES
from telemetry.tally import Tally
from tests.api.running import SECONDS, RunningApi, cpu, gpu
from tests.api.streams import (
    OPENING,
    WS,
    busy_loop,
    closing_of,
    overwhelm_slow_client,
    receive,
    receive_several,
    refusal_of,
    send_action,
)
from tests.services.processes import wait_until

GPUS = [f"system/gpu/{number}" for number in range(MAX_FILTERS + 1)]
NO_MATCH = "it matches none of system/gpu/{id}, system/gpu/{id}/processes, "


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("subscribe", "message='subscribe' is not allowed: it must be JSON"),
        ("", "message='' is not allowed: it must be JSON"),
        (b"\x00\xff", "message='' is not allowed: it must be JSON"),
        ("[" * 9000, "message='[[["),
        ('{"action":' + "[" * 900 + "]" * 900 + "}", "action='[[["),
        ("9" * 5000, "message='999"),
        ("[1]", "message='[1]' is not allowed: it must be a JSON object"),
        ("{}", "action='None' is not allowed: it must be subscribe or unsubscribe"),
        ('{"action":"dance","channels":[]}', "action='dance' is not allowed"),
        ('{"action":["subscribe"]}', "action=\"['subscribe']\" is not allowed"),
        ('{"action":"subscribe"}', "channels='None' is not allowed: it must be a list"),
        ('{"action":"subscribe","channels":"system/cpu"}', "channels='system/cpu' is not allowed"),
        ('{"action":"subscribe","channels":["system/#/cpu"]}', "channels='system/#/cpu' is not"),
        (
            '{"action":"subscribe","channels":["+/cpu/+"]}',
            f"channels='+/cpu/+' is not allowed: {NO_MATCH}",
        ),
        ('{"action":"subscribe","channels":["\\ud800"]}', r"channels='\ud800' is not allowed"),
        ('{"action":"subscribe","channels":[7]}', "channels='7' is not allowed"),
        (
            json.dumps({"action": "subscribe", "channels": GPUS[1:]}),
            f"channels='{MAX_FILTERS + 1} filters' is not allowed: at most {MAX_FILTERS}",
        ),
    ],
)
def test_an_invalid_message_gets_an_error_and_the_stream_continues(
    shared_api: RunningApi, message: str | bytes, expected: str
) -> None:
    with shared_api.stream(f"{WS}?channels=system/cpu") as stream:
        receive(stream)
        stream.send(message)
        answer = receive(stream)
        assert answer.keys() == {"event", "code", "message"}
        assert (answer["event"], answer["code"]) == ("error", "wrong_message")
        assert answer["message"].startswith(expected)
        assert len(answer["message"]) < 300
        send_action(stream, "subscribe", "system/memory")
        assert receive(stream)["channels"] == ["system/cpu", "system/memory"]
        assert receive(stream)["channel"] == "system/memory"


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("?channels=system/%23/cpu", "channels='system/#/cpu' is not allowed: it must be"),
        ("?channel=system/cp", f"channel='system/cp' is not allowed: {NO_MATCH}"),
        ("?channels=system/cp", f"channels='system/cp' is not allowed: {NO_MATCH}"),
        ("?channels=%23,system/gpu/x", f"channels='system/gpu/x' is not allowed: {NO_MATCH}"),
        ("?channels=system/cpu,", "channels='' is not allowed: it must be"),
        ("?channel=", "channel='' is not allowed: it must be a channel such as"),  # as in /history
        (
            f"?channels={','.join(GPUS)}",
            f"channels='{MAX_FILTERS + 1} filters' is not allowed: at most {MAX_FILTERS}",
        ),
        ("/nonsense", "channel='nonsense' is not allowed: it must be a channel such as"),
        ("/system/gpu/%2B", "channel='system/gpu/+' is not allowed"),
        ("/", "channel='' is not allowed"),
        ("?chanels=system/cpu", "Unknown parameter 'chanels'; did you mean channels?"),
        (
            "?since=-1h",
            "Unknown parameter 'since'; use channel, channels, host or batch.",
        ),
        (
            "/system/cpu?channels=%23",
            "Unknown parameter 'channels'; use host or batch.",
        ),
        ("?host=a&host=b", "host='b' is not allowed: it may be given only once."),
        ("?batch=please", "batch='please' is not allowed: it must be true or false"),
    ],
)
def test_an_invalid_filter_gets_an_error_frame_and_closes_with_the_reason(
    shared_api: RunningApi, path: str, expected: str
) -> None:
    with shared_api.stream(WS + path) as stream:
        answer = receive(stream)
        code, reason = closing_of(stream)
    assert (answer["event"], answer["code"]) == ("error", "wrong_parameter")
    assert answer["message"].startswith(expected)
    assert code == 1008
    assert reason.startswith(expected[:100])


def test_a_message_of_the_maximum_size_is_read_and_a_larger_one_closes(api: RunningApi) -> None:
    api.feed(cpu())
    with api.stream() as stream, api.stream() as other:
        receive(stream)
        receive(other)
        stream.send(" " * MAX_MESSAGE_BYTES)
        assert receive(stream)["code"] == "wrong_message"
        stream.send(" " * (MAX_MESSAGE_BYTES + 1))
        assert closing_of(stream)[0] == 1009
        api.send(cpu())
        assert receive(other)["channel"] == "system/cpu"


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        (b"\x81\x01a", 1002),  # not masked
        (b"\xf1\x80mask", 1002),  # reserved bits
        (b"\x83\x80mask", 1002),  # an undefined opcode
        (b"\x80\x80mask", 1002),  # a continuation of nothing
        (b"\x09\x80mask", 1002),  # a fragmented control frame
        (b"\x89\xfe\x00\x7emask" + b"x" * 126, 1002),  # a control frame that is too long
        (b"\x88\x81mask\x00", 1002),  # half a close code
        (b"\x81\x82\0\0\0\0\xff\xff", 1007),  # invalid UTF-8
        (b"\x01\x82\0\0\0\0ab\x81\x80mask", 1002),  # a new message before the old one's end
        (b"\x81\xff\xff\xff\xff\xff\xff\xff\xff\xffmask", 1009),  # an impossible length
    ],
    ids=range(10),
)
def test_a_malformed_frame_closes_with_a_code_and_does_not_affect_other_clients(
    shared_api: RunningApi, frame: bytes, code: int
) -> None:
    with shared_api.stream(f"{WS}/system/cpu") as other:
        receive(other)
        with shared_api.socket(OPENING.replace(b"/ws ", b"/ws/system/cpu ") + b"\r\n") as malformed:
            wait_until(
                lambda: b'"system/cpu"' in malformed.recv(65_536),
                "the newest values arrive",
                SECONDS,
            )
            malformed.sendall(frame)
            answer = b"".join(iter(lambda: malformed.recv(65_536), b""))
        assert answer[0] == 0x88
        assert int.from_bytes(answer[2:4], "big") == code
        send_action(other, "unsubscribe", "system/cpu")
        assert receive(other)["event"] == "unsubscribed"


def test_sending_to_a_closing_client_logs_nothing(
    api: RunningApi, caplog: pytest.LogCaptureFixture
) -> None:
    with api.socket(OPENING + b"\r\n") as connection:
        wait_until(lambda: api.live.hub.clients == 1, "the client has joined", SECONDS)
        with busy_loop(api):
            connection.sendall(b"\x81\xff" + b"\xff" * 8 + b"mask" + b"too large")
            api.send(cpu(age=-1))
            api.wait_until_received()
        wait_until(lambda: api.live.hub.clients == 0, "the client has left", SECONDS)
    # wait_until_received sends an invalid sample, which is logged; the server must log nothing.
    assert [each for each in caplog.records if each.name != Tally.__module__] == []


def test_a_client_that_never_reads_does_not_delay_the_others_and_is_dropped(
    api: RunningApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.live.client.QUEUE_FRAMES", 8)
    with api.socket(OPENING + b"\r\n", receive_buffer=4096):
        wait_until(lambda: api.live.hub.clients == 1, "it has joined", SECONDS)
        assert overwhelm_slow_client(api) > 8
        assert api.live.hub.slow_clients == 1
        wait_until(lambda: api.live.hub.clients == 0, "both have left", SECONDS)


def test_more_newest_values_than_the_queue_capacity_do_not_drop_a_client(api: RunningApi) -> None:
    samples = [gpu(index, f"host-{host}") for host in range(6) for index in range(60)]
    assert len(samples) > QUEUE_FRAMES
    api.feed(*samples)
    with api.stream() as stream:
        frames = receive_several(stream, len(samples))
        api.send(cpu())
        assert receive(stream)["channel"] == "system/cpu"
    shown = {(frame["data"]["host"], frame["channel"]) for frame in frames}
    assert shown == {(sample.host, sample.channel) for sample in samples}
    assert api.live.hub.slow_clients == 0


def test_a_client_beyond_the_limit_is_refused_until_another_disconnects(api: RunningApi) -> None:
    api.live.hub.max_clients = 1
    with api.stream():
        code, error, _ = refusal_of(api, WS)
        assert (code, error["code"]) == (503, "too_many_clients")
        assert error["message"] == "Too many clients are connected; try again later."
        assert api.live.hub.clients == 1
    wait_until(lambda: api.live.hub.clients == 0, "the first has left", SECONDS)
    with api.stream():
        wait_until(lambda: api.live.hub.clients == 1, "it has joined", SECONDS)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has all of 127.0.0.0/8")
def test_an_address_that_takes_all_places_does_not_keep_other_clients_out(api: RunningApi) -> None:
    api.live.hub.max_clients = 3
    with ExitStack() as stack:
        greedy = [stack.enter_context(api.stream()) for _ in range(3)]
        wait_until(lambda: api.live.hub.clients == 3, "all have joined", SECONDS)
        other = stack.enter_context(api.stream(source_address=("127.0.0.2", 0)))
        assert closing_of(greedy[2]) == (1013, "Too many clients are connected; try again later.")
        assert refusal_of(api, WS)[0] == 503
        api.send(cpu())
        for stream in (*greedy[:2], other):
            assert receive(stream)["channel"] == "system/cpu"
    counts = api.json("/readyz")["parts"]["api"]["counters"]
    assert (counts["clients_replaced"], counts["clients_dropped"]) == (1, 0)


def test_a_plain_http_request_for_the_stream_gets_upgrade_required(shared_api: RunningApi) -> None:
    for path in (WS, f"{WS}/system/cpu"):
        assert shared_api.error(path) == (
            426,
            "upgrade_required",
            f"'{path}' is a WebSocket; connect with ws:// or wss://.",
        )


def test_a_websocket_on_another_path_is_refused(shared_api: RunningApi) -> None:
    for path in ("/", "/api/v1/system/metrics", "/nowhere"):
        code, error, _ = refusal_of(shared_api, path)
        assert (code, error["code"]) == (404, "not_found")
        assert error["message"] == f"There is no WebSocket at '{path}'; connect to {WS}."


def test_a_refused_websocket_logs_nothing(
    shared_api: RunningApi, caplog: pytest.LogCaptureFixture
) -> None:
    refusal_of(shared_api, "/nowhere")
    refusal_of(shared_api, WS, origin="http://evil.example")
    assert shared_api.json("/healthz") == {"status": "ok"}  # so the server is done with them
    assert [each.getMessage() for each in caplog.records if each.name.startswith("uvicorn")] == []


@pytest.mark.parametrize(
    "headers",
    [b"Cookie: " + b"c" * 9000 + b"\r\n", b"".join(b"X-%d: 1\r\n" % n for n in range(150))],
    ids=["long", "many"],
)
def test_a_websocket_handshake_with_too_large_headers_gets_a_431(
    shared_api: RunningApi, headers: bytes
) -> None:
    answer = shared_api.raw(OPENING + headers + b"\r\n")
    assert answer.startswith(b"HTTP/1.1 431 ")
    body = json.loads(answer.partition(b"\r\n\r\n")[2])
    assert body["error"]["code"] == "headers_too_large"
