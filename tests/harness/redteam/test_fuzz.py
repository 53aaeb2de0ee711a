"""Every parser that reads foreign bytes ends in an answer or a typed error, whatever the bytes are.

CI draws some cases each; `parsers`, run as a program, goes on for as long as it is told (``make fuzz``).
"""

import pytest
from hypothesis import HealthCheck, given, settings
from parsers import CRASHES, PARSERS


@pytest.mark.parametrize("name", PARSERS)
@pytest.mark.filterwarnings("ignore::hypothesis.errors.HypothesisWarning")  # long inputs are meant
def test_it_answers_or_refuses(name, tmp_path_factory):
    parser = PARSERS[name]
    folder = tmp_path_factory.mktemp("fuzz")

    @settings(max_examples=150, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow])
    @given(parser.inputs)
    def attack(value):
        parser.read(value, folder)

    attack()


@pytest.mark.parametrize("text", CRASHES, ids=range(len(CRASHES)))
@pytest.mark.parametrize("name", [name for name, parser in PARSERS.items() if parser.is_text])
def test_what_once_crashed_a_parser_no_longer_does(name, text, tmp_path):
    PARSERS[name].read(text, tmp_path)
