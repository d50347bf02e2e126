"""The entity graph of a case: hop by hop, edges summed, the same bytes again."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from jinku.risk.cases.graph import CaseGraph, Node, grow, transfers_between

RING = [
    (1, 2, 100, "CNY"),
    (2, 3, 90, "CNY"),
    (3, 1, 80, "CNY"),
    (2, 3, 90, "CNY"),
    (3, 4, 5, "USD"),
    (4, 5, 1, "USD"),
]


def account(number: int) -> Node:
    return Node("account", str(number))


def hops_of(graph: CaseGraph) -> dict[int, int]:
    return {int(node.reference): hop for node, hop in graph.hops.items()}


def test_the_graph_grows_hop_by_hop_and_sums_its_edges() -> None:
    """K7."""
    graph = grow([account(1)], transfers_between(RING), hops=2)
    assert hops_of(graph) == {1: 0, 2: 1, 3: 1, 4: 2}
    told = {
        (int(one.source.reference), int(one.target.reference)): (one.times, one.amount) for one in graph.edges
    }
    assert told == {(1, 2): (1, 100), (2, 3): (2, 180), (3, 1): (1, 80), (3, 4): (1, 5)}
    assert hops_of(grow([account(1)], transfers_between(RING), hops=1)) == {1: 0, 2: 1, 3: 1}


def test_what_does_not_fit_is_counted_and_the_heaviest_stay() -> None:
    star = [(0, number, number, "CNY") for number in range(1, 50)]
    graph = grow([account(0)], transfers_between(star), hops=1, nodes_max=11)
    assert graph.left_out == 39
    assert set(hops_of(graph)) == {0, *range(40, 50)}


def test_json_dot_and_svg_show_the_same_and_escape_what_they_are_given() -> None:
    """K7: as JSON, DOT and SVG."""
    from jinku.risk.cases.graph import Relation

    evil = Node("device", 'a"><script>&\n')
    rows = [Relation(account(1), evil, "uses"), Relation(account(2), evil, "uses")]
    graph = grow(
        [account(1)], lambda nodes: [one for one in rows if {one.source, one.target} & set(nodes)], hops=2
    )
    drawn = etree.fromstring(graph.svg().encode())
    assert len(drawn.findall("{*}circle")) == len(graph.json()["nodes"]) == 3
    assert not drawn.findall(".//{*}script")
    assert len(drawn.findall("{*}line")) == len(graph.json()["edges"]) == 2
    dot = graph.dot()
    assert dot.count(" -> ") == 2
    assert '\\"><script>' in dot
    assert graph.svg() == grow([account(1)], lambda nodes: [
        one for one in reversed(rows) if {one.source, one.target} & set(nodes)
    ], hops=2).svg()  # fmt: skip


@given(
    st.lists(st.tuples(st.integers(0, 8), st.integers(0, 8), st.integers(1, 9)), max_size=40),
    st.integers(1, 4),
)
def test_within_its_hops_the_graph_has_every_transfer_once(
    rows: list[tuple[int, int, int]], hops: int
) -> None:
    graph = grow([account(0)], transfers_between([(a, b, amount, "CNY") for a, b, amount in rows]), hops=hops)
    near, reach = {0: 0}, {0}
    for hop in range(1, hops + 1):
        reach = {x for a, b, _ in rows for x in (a, b) if (a in reach or b in reach)} - set(near)
        near |= dict.fromkeys(reach, hop)
        reach = {node for node, at in near.items() if at == hop}
    assert hops_of(graph) == near
    inner = {node for node, at in near.items() if at < hops}
    wanted = Counter((a, b) for a, b, _ in rows if a in inner or b in inner)
    assert {(int(e.source.reference), int(e.target.reference)): e.times for e in graph.edges} == wanted
