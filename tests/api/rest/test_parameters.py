"""Query parameters that do not exist, or are repeated."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import QueryParams

from api.errors import InvalidParameterError
from api.parameters import require_known
from tests.api.running import RunningApi

SYSTEM = "/api/v1/system"


@pytest.mark.parametrize(
    ("query", "advice"),
    [
        (
            "history?chanel=system/cpu",
            "Unknown parameter 'chanel'; did you mean channel?",
        ),
        (
            "history?Channel=system/cpu",
            "Unknown parameter 'Channel'; did you mean channel?",
        ),
        ("history?points=9", "Unknown parameter 'points'; did you mean max_points?"),
        (
            "history?q=9&host=alpha",
            "Unknown parameter 'q'; use channel, channels, start, end, max_points, agg",
        ),
        ("metrics?hots=alpha", "Unknown parameter 'hots'; did you mean host?"),
        ("gpu?id=0", "Unknown parameter 'id'; use host."),
        ("hosts?host=alpha", "Unknown parameter 'host'; leave it out."),
        ("annotations?limits=3", "Unknown parameter 'limits'; did you mean limit?"),
        ("findings?serverity=info", "Unknown parameter 'serverity'; did you mean severity?"),
        ("hosts?%C3%A9%0A=", r"Unknown parameter '\xe9\n'; leave it out."),
        ("history?start=-1m&start=-2m", "start='-2m' is not allowed: it may be given only once."),
        ("metrics?host=alpha&host=alpha", "host='alpha' is not allowed: it may be given only"),
    ],
)
def test_a_parameter_that_would_be_ignored_is_refused_with_one_sentence(
    shared_api: RunningApi, query: str, advice: str
) -> None:
    status, code, message = shared_api.error(f"{SYSTEM}/{query}")
    assert (status, code) == (422, "wrong_parameter")
    assert message.startswith(advice)


def test_publishing_an_annotation_refuses_parameters(shared_api: RunningApi) -> None:
    answer = shared_api.client.post(f"{SYSTEM}/annotations?host=alpha", json={"text": "x"})
    assert answer.status_code == 422
    assert "leave it out" in answer.json()["error"]["message"]


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics", "/"])
def test_paths_for_probes_and_the_page_ignore_parameters(shared_api: RunningApi, path: str) -> None:
    assert shared_api.get(path, nocache="1").status_code == 200


@given(st.text())
def test_any_unknown_name_is_refused_in_a_short_sentence(name: str) -> None:
    with pytest.raises(InvalidParameterError) as refused:
        require_known(QueryParams({f"x{name}": "1"}), ["host", "start"])
    assert len(str(refused.value)) < 200
