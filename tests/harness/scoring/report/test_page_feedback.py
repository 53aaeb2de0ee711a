from harness.scoring.failures import Step
from harness.scoring.report.page.feedback import matrix, named, repair_table

STEPS = {
    "a": [Step("build/unknown_mnemonic", "check", "built"), Step("build/unknown_mnemonic", "check", "build/unknown_mnemonic")],
    "b": [Step("numeric/sign", "run", "passed"), Step("built", "check", "numeric/sign")],
}


def test_repairs_are_shares_of_the_attempts_that_were_followed_by_another() -> None:
    table = repair_table(STEPS)
    assert [[cell.text for cell in row] for row in table.rows] == [
        ["a", "build: unknown mnemonic", "check", "50%", "50%", "2"],
        ["b", "the sign is wrong", "run", "100%", "0%", "1"],
    ]
    assert len(table.columns) == len(table.rows[0])


def test_the_matrix_takes_all_agents_together_and_ends_at_a_pass() -> None:
    found = matrix(STEPS)
    rows = dict(found.rows)
    assert found.after[-1] == "passed"
    assert rows["build: unknown mnemonic"][found.after.index("built")] == (1, 50)
    assert rows["the sign is wrong"][found.after.index("passed")] == (1, 100)


def test_outcomes_in_words() -> None:
    assert [named(name) for name in ("passed", "built", "limit/timeout")] == [
        "passed",
        "built",
        "it runs longer than the wall limit",
    ]


def test_no_steps_no_rows() -> None:
    assert repair_table({}).rows == []
    assert matrix({}).rows == []
