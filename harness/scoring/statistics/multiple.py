"""Many comparisons at once: among 20 agents there are 190 pairs, of which 9 differ "significantly" by chance alone."""

from __future__ import annotations

from collections.abc import Sequence


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjusted p-values, in the order given: rejecting those at most alpha, the chance of any false rejection is at most alpha.

    ``max over j <= i of min(1, (m - j + 1) · p_(j))`` over the sorted p-values (Holm 1979, Scand. J. Statist. 6:65): valid for
    any dependence between the tests, and never less powerful than Bonferroni's ``m · p``.
    """
    if bad := [p for p in p_values if not 0 <= p <= 1]:
        raise ValueError(f"p-values lie between 0 and 1, got {bad[0]}")
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    adjusted, so_far = [0.0] * len(p_values), 0.0
    for rank, index in enumerate(order):
        so_far = max(so_far, min(1.0, (len(p_values) - rank) * p_values[index]))
        adjusted[index] = so_far
    return adjusted
