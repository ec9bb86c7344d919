"""The command line of `system-monitor run`, as it is read before the command starts."""

import re

from deploy.runs import request
from deploy.runs.request import Request


def read(line: str) -> Request:
    found = request.read(line.split())
    assert found is not None
    return found


def test_what_follows_the_dashes_is_the_command() -> None:
    found = read("--name a --tag b --tag=c --mqtt-port 1884 -- python x.py --name d -- e")
    assert found.command == ["python", "x.py", "--name", "d", "--", "e"]
    assert (found.name, found.tags, found.report) == ("a", ["b", "c"], None)
    assert found.options == ["--mqtt-port", "1884"]


def test_options_are_variables_of_the_command_for_the_python_helper() -> None:
    found = read("--mqtt-url=mqtt://a --host-name b --config c.toml -- x")
    assert found.variables() == {
        "SYSTEM_MONITOR_MQTT_URL": "mqtt://a",
        "SYSTEM_MONITOR_HOST_NAME": "b",
        "SYSTEM_MONITOR_CONFIG_FILE": "c.toml",
    }


def test_each_run_has_an_id_of_its_own_that_begins_with_its_name() -> None:
    found = read("--name ablation/7 -- x")
    assert re.fullmatch("ablation-7-[0-9a-f]{8}", found.new_id())
    assert found.new_id() != found.new_id()
    assert re.fullmatch("train.sh-[0-9a-f]{8}", read("-- ./train.sh").new_id())
    assert re.fullmatch("run-[0-9a-f]{8}", read("--name ☃ -- x").new_id())
    assert len(read(f"--name {'x' * 100} -- x").new_id() + ".end") <= 64
