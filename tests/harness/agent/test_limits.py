import pytest

from harness.agent.limits import Budget
from harness.model import Usage
from harness.testing import says
from harness.trial import AgentLimits

NONE = AgentLimits(turns=99, tool_calls=99, output_tokens=None, cost=None, tool_seconds=1e9)


def spend(limits):
    budget = Budget(limits)
    budget.charge_reply(says("x", cost=0.25, usage=Usage(output_tokens=7)))
    budget.charge_tool(1.5)
    return budget


@pytest.mark.parametrize(
    ("name", "limit", "text"),
    [
        ("turns", 1, "reached the limit turns=1 with 1"),
        ("tool_calls", 1, "reached the limit tool_calls=1 with 1"),
        ("output_tokens", 5, "reached the limit output_tokens=5 with 7"),
        ("cost", 0.2, "reached the limit cost=0.2 with 0.25"),
        ("tool_seconds", 1.25, "reached the limit tool_seconds=1.25 with 1.5"),
    ],
)
def test_each_limit_names_itself_with_its_value(name, limit, text):
    assert str(spend(NONE.model_copy(update={name: limit})).reached()) == text
    assert spend(NONE.model_copy(update={name: limit + 10})).reached() is None


def test_only_the_named_limits_are_looked_at():
    budget = spend(NONE.model_copy(update={"turns": 1}))
    assert budget.reached("tool_calls", "tool_seconds") is None
    assert budget.reached("turns")


def test_what_a_server_does_not_say_is_not_charged():
    budget = Budget(NONE)
    budget.charge_reply(says("x", cost=None, usage=Usage()))
    assert (budget.turns, budget.output_tokens, budget.cost) == (1, 0, 0.0)


def test_turns_left_never_goes_below_zero():
    budget = Budget(AgentLimits(turns=1))
    assert budget.turns_left == 1
    budget.charge_reply(says())
    budget.charge_reply(says())
    assert budget.turns_left == 0
