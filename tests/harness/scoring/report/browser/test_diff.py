"""The page's own line difference, against the length of the longest common subsequence."""

import random


def common(a, b):  # type: ignore[no-untyped-def]
    """Length of the longest common subsequence."""
    row = [0] * (len(b) + 1)
    for x in a:
        before = 0
        for j, y in enumerate(b):
            row[j + 1], before = (before + 1 if x == y else max(row[j], row[j + 1])), row[j + 1]
    return row[-1]


def test_edits_turn_one_text_into_the_other_and_are_the_fewest(visit):  # type: ignore[no-untyped-def]
    rng = random.Random(1)
    pairs = [[[rng.choice("abc") for _ in range(rng.randrange(14))] for _ in range(2)] for _ in range(400)]
    found = visit().evaluate("pairs => pairs.map(([a, b]) => diffLines(a, b))", pairs)
    for (a, b), edits in zip(pairs, found, strict=True):
        assert [line for kind, line, *_ in edits if kind != "+"] == a
        assert [line for kind, line, *_ in edits if kind != "-"] == b
        assert sum(kind != " " for kind, *_ in edits) == len(a) + len(b) - 2 * common(a, b)
        assert all(a[i] == line for _, line, i, _ in edits if i is not None)
        assert all(b[j] == line for _, line, _, j in edits if j is not None)


def test_texts_with_nothing_in_common_are_replaced_whole(visit):  # type: ignore[no-untyped-def]
    edits = visit().evaluate("diffLines([...Array(2000).keys()].map(String), [...Array(2000).keys()].map(i => 'x' + i))")
    assert [kind for kind, *_ in edits] == ["-"] * 2000 + ["+"] * 2000
