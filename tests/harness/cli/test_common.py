import pytest

from harness.cli.common import key_values
from harness.errors import UsageError


def test_options():
    assert key_values("--model-option", ["a=1", "b=x=y", "c="]) == {"a": "1", "b": "x=y", "c": ""}
    for pairs, message in [
        (["a"], "'a' is not KEY=VALUE"),
        (["=1"], "'=1' is not KEY=VALUE"),
        (["a=1", "a=2"], "'a' is given twice"),
    ]:
        with pytest.raises(UsageError, match=message):
            key_values("--model-option", pairs)
