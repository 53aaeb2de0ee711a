"""What a reply cost, from its usage and the prices that `genai_prices` ships: offline, and None where anything is unknown."""

from __future__ import annotations

import contextlib
from functools import cache
from typing import Any

from harness.model import Usage


@cache
def _prices() -> Any:
    import genai_prices

    return genai_prices


def cost(usage: Usage, url: str, *models: str) -> float | None:
    """US dollars of one call to a server; the first of the model's names that has a price decides. None where no name or the
    server is unknown (a local server that happens to serve a model of a known name has no price), and where input or output
    were not counted."""
    if usage.input_tokens is None or usage.output_tokens is None:
        return None
    counted = _prices().Usage(
        input_tokens=usage.input_tokens,
        cache_read_tokens=usage.cached_tokens or 0,
        cache_write_tokens=usage.cache_write_tokens or 0,
        output_tokens=usage.output_tokens,
    )
    for model in filter(None, models):
        # LookupError is an unknown server or model, ValueError counts that contradict each other.
        with contextlib.suppress(LookupError, ValueError):
            return float(_prices().calc_price(counted, model, provider_api_url=url).total_price)
    return None


def is_known(url: str, *models: str) -> bool:
    """Whether calls to a model at a server can be priced."""
    return cost(Usage(input_tokens=1, output_tokens=1), url, *models) is not None
