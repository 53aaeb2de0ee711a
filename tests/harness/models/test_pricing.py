from __future__ import annotations

import pytest

from harness.model import Usage
from harness.models.pricing import cost, is_known

OPENAI, ANTHROPIC = "https://api.openai.com/v1", "https://api.anthropic.com"
MILLION = 1_000_000


def test_input_output_and_cached_tokens_are_priced():
    plain = cost(Usage(input_tokens=MILLION, output_tokens=0), ANTHROPIC, "claude-sonnet-4-5")
    cached = cost(Usage(input_tokens=MILLION, cached_tokens=MILLION, output_tokens=0), ANTHROPIC, "claude-sonnet-4-5")
    written = cost(Usage(input_tokens=MILLION, cache_write_tokens=MILLION, output_tokens=0), ANTHROPIC, "claude-sonnet-4-5")
    assert plain is not None
    assert cached == pytest.approx(plain / 10)
    assert written == pytest.approx(plain * 1.25)
    assert cost(Usage(input_tokens=0, output_tokens=MILLION), ANTHROPIC, "claude-sonnet-4-5") == pytest.approx(15.0)


@pytest.mark.parametrize(
    ("usage", "url", "model"),
    [
        (Usage(input_tokens=5, output_tokens=5), OPENAI, "no-such-model"),
        (Usage(input_tokens=5, output_tokens=5), OPENAI, ""),
        (Usage(input_tokens=5, output_tokens=5), "http://127.0.0.1:8000/v1", "gpt-5"),
        (Usage(input_tokens=5, output_tokens=5), "https://gateway.example/v1", "gpt-5"),
        (Usage(input_tokens=5), OPENAI, "gpt-5"),
        (Usage(output_tokens=5), OPENAI, "gpt-5"),
        (Usage(input_tokens=5, cached_tokens=500, output_tokens=5), OPENAI, "gpt-5"),
    ],
)
def test_unknown_is_none_and_never_nothing(usage, url, model):
    assert cost(usage, url, model) is None


def test_the_first_name_with_a_price_decides():
    usage = Usage(input_tokens=10, output_tokens=10)
    assert cost(usage, OPENAI, "", "an-alias", "gpt-5") == cost(usage, OPENAI, "gpt-5")
    assert is_known(OPENAI, "gpt-5")
    assert not is_known(OPENAI, "an-alias")
