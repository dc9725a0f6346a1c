"""All ways to search by groups show what may be seen, and nothing else; changes take effect."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

psycopg = pytest.importorskip("psycopg", reason="the extra production is not installed")
pytestmark = pytest.mark.slow

from vectors import unit  # noqa: E402

from embedlab.security.acl_changes import CachedGroups, measure_changes, shipped_changes  # noqa: E402
from embedlab.security.group_ways import WAYS, exact_visible, fill, searching  # noqa: E402
from embedlab.security.groups_measured import measure_groups, shipped_groups  # noqa: E402
from embedlab.security.shared_folders import draw_folders, may_read, signature  # noqa: E402

GROUPS = st.lists(st.integers(0, 2**31 - 1), max_size=12).map(lambda g: np.array(sorted(set(g)), np.int64))


@given(GROUPS, GROUPS)
def test_a_common_group_is_a_common_bit(one, other):
    common = any(a == b == "1" for a, b in zip(signature(one), signature(other), strict=True))
    assert common or not may_read(one, other)
    assert may_read(one, other) == (not set(one.tolist()).isdisjoint(other.tolist()))


@settings(max_examples=20, deadline=None)
@given(st.floats(0, 1), st.integers(1, 500), st.integers(0, 5))
def test_the_share_does_not_depend_on_the_number_of_groups(share, mine, seed):
    drawn = draw_folders(50, share, folders=40, mine=mine, seed=seed)
    assert len(drawn.open_folders) == round(share * 40)
    assert len(set(drawn.mine.tolist())) == mine


def test_shares_and_groups_that_cannot_be():
    with pytest.raises(ValueError, match=r"between 0 and 1, but is 1\.5"):
        draw_folders(10, 1.5)
    with pytest.raises(ValueError, match="not in 20000"):
        draw_folders(10, 0.5, mine=20_000)


@pytest.mark.parametrize("mine", [3, 200])
def test_all_ways_find_what_may_be_seen(connection, url, mine):
    vectors, queries = unit(400, dims=16), unit(6, dims=16, seed=5)
    drawn = draw_folders(400, 0.2, folders=50, mine=mine)
    fill(connection, vectors, drawn)
    exact = exact_visible(vectors, drawn, queries)
    with searching(url, drawn) as ways:
        assert set(ways) == set(WAYS)
        for name, search in ways.items():
            for query, right in zip(queries, exact, strict=True):
                found = search(np.ascontiguousarray(query))
                assert drawn.visible[found].all(), name
                assert len(found) == 10
                assert len(set(found) & set(right.tolist())) >= 8, name


def test_a_measurement_of_two_ways(url):
    rows = measure_groups(
        url,
        unit(200, dims=16),
        unit(3, dims=16, seed=5),
        shares=[0.3],
        mine=[5],
        ways=["join", "open folders"],
    )
    assert [row["way"] for row in rows] == ["join", "open folders"]
    assert all(len(row["ms"]) == 3 and np.mean(row["recall"]) > 0.8 for row in rows)


def test_the_shipped_groups_say_what_the_chapter_says():
    rows = {
        (row["share"], row["groups"], row["way"]): np.median(row["ms"]) for row in shipped_groups()["rows"]
    }
    shares, counts = sorted({key[0] for key in rows}), sorted({key[1] for key in rows})
    few, many = counts[0], counts[-1]
    for share in shares:
        assert rows[share, many, "groups in the row"] > 3 * rows[share, few, "groups in the row"]
        assert rows[share, many, "open folders"] < rows[share, many, "groups in the row"]


def test_changes_take_effect(url):
    rows = measure_changes(url, unit(300, dims=16), shares=(0.2,), ttl=0.05, tries=3)
    copied, asked, cached = rows
    assert copied["wal_bytes"] > 20 * asked["wal_bytes"]
    assert max(cached["seen_ms"]) > 0 == max(asked["seen_ms"])


def test_the_shipped_changes():
    for row in shipped_changes()["rows"]:
        if row["way"] == "cached":
            assert 0 < max(row["seen_ms"]) < row["ttl_ms"] + 100
            assert abs(np.mean(row["seen_ms"]) - row["ttl_ms"] / 2) < row["ttl_ms"] / 10


def test_cached_groups_are_asked_again_after_their_time_or_on_demand():
    asked, now = [], [0.0]
    cached = CachedGroups(lambda user: asked.append(user) or len(asked), 10, clock=lambda: now[0])
    assert [cached(1), cached(1), cached(2)] == [1, 1, 2]
    now[0] = 9.99
    assert cached(1) == 1
    cached.forget(1)
    assert cached(1) == 3
    now[0] = 19.98
    assert (cached(1), cached(2)) == (3, 4)
