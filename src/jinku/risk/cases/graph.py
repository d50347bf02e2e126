"""The entity graph of a case: parties, accounts, devices and transfers within a few hops, as JSON, DOT and SVG.

Rules (K7):

1. Nodes are opaque references. The graph is grown from the case's subject hop by hop over `Relation`s; the heaviest
   come first where there are more than `NODES_MAX`, and what was left out is counted.
2. Relations of one kind between the same two nodes are one edge, with count and sum.
3. The same relations give the same bytes. The drawing puts each hop on a ring of its own around the subject.

Example::

    graph = grow([customer(77)], relations, hops=2)
    graph.json(), graph.dot(), graph.svg()
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, NamedTuple

NODES_MAX = 400
HOPS_MAX = 4
_RING_PX, _MARGIN_PX, _NODE_PX = 140, 60, 9
_SHAPES = {
    "customer": "ellipse",
    "account": "box",
    "device": "diamond",
    "terminal": "triangle",
    "case": "note",
}
_COLOURS = {"customer": "#1f5fa8", "account": "#3b7d3b", "device": "#a8641f", "terminal": "#7a3b7d"}
_OTHER = "#555555"


class Node(NamedTuple):
    """Something that a case is about, by an opaque reference."""

    kind: str
    """``customer``, ``account``, ``device``, ``terminal``, ``address`` …"""
    reference: str

    @property
    def name(self) -> str:
        """Kind and reference in one."""
        return f"{self.kind}:{self.reference}"


class Relation(NamedTuple):
    """One thing that connects two nodes, e.g. a transfer."""

    source: Node
    target: Node
    kind: str
    """``transfer``, ``holds``, ``uses``, ``owns`` …"""
    amount: int = 0
    currency: str = ""


class Edge(NamedTuple):
    """All relations of one kind and currency from one node to another."""

    source: Node
    target: Node
    kind: str
    currency: str
    times: int
    amount: int


Relations = Callable[[Sequence[Node]], Iterable[Relation]]
"""Every relation in which one of these nodes stands, at either end."""


@dataclass(frozen=True, slots=True)
class CaseGraph:
    """See the module's rules."""

    hops: Mapping[Node, int]
    """Each node, and how far from the subject it is."""
    edges: tuple[Edge, ...]
    left_out: int
    """Nodes that did not fit."""

    def json(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "nodes": [
                {"id": one.name, "kind": one.kind, "reference": one.reference, "hop": hop}
                for one, hop in self.hops.items()
            ],
            "edges": [
                {
                    "from": one.source.name,
                    "to": one.target.name,
                    "kind": one.kind,
                    "count": one.times,
                    "amount": str(one.amount),
                    "currency": one.currency,
                }
                for one in self.edges
            ],
            "left_out": self.left_out,
        }

    def dot(self) -> str:
        """As Graphviz text."""
        lines = ["digraph case {", "  rankdir=LR;"]
        for one, hop in self.hops.items():
            shape = _SHAPES.get(one.kind, "plaintext")
            width = 2 if hop == 0 else 1
            lines.append(f"  {_quoted(one.name)} [shape={shape}, penwidth={width}];")
        for edge in self.edges:
            ends = f"{_quoted(edge.source.name)} -> {_quoted(edge.target.name)}"
            lines.append(f"  {ends} [label={_quoted(_label(edge))}];")
        return "\n".join([*lines, "}", ""])

    def svg(self) -> str:
        """As a drawing."""
        places, size = self._places()
        lines = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size} {size}" font-family="sans-serif">',
            '<defs><marker id="a" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" '
            'orient="auto"><path d="M0 0L8 4L0 8z" fill="#888"/></marker></defs>',
        ]
        for edge in self.edges:
            (x1, y1), (x2, y2) = places[edge.source], places[edge.target]
            x3, y3 = _short_of(x1, y1, x2, y2)
            lines.append(
                f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x3:.1f}" y2="{y3:.1f}" stroke="#888" '
                f'marker-end="url(#a)"><title>{escape(_label(edge))}</title></line>'
            )
        for node, hop in self.hops.items():
            x, y = places[node]
            colour = _COLOURS.get(node.kind, _OTHER)
            radius = _NODE_PX + (4 if hop == 0 else 0)
            lines.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius}" fill="{colour}"/>')
            label = f"{node.kind} …{node.reference[-6:]}"
            lines.append(
                f'<text x="{x:.1f}" y="{y - radius - 3:.1f}" font-size="10" text-anchor="middle">{escape(label)}'
                f"<title>{escape(node.name)}</title></text>"
            )
        return "\n".join([*lines, "</svg>", ""])

    def _places(self) -> tuple[dict[Node, tuple[float, float]], int]:
        furthest = max(self.hops.values(), default=0)
        size = 2 * (furthest * _RING_PX + _MARGIN_PX) or 2 * _MARGIN_PX
        places: dict[Node, tuple[float, float]] = {}
        for hop in range(furthest + 1):
            ring = [node for node, at in self.hops.items() if at == hop]
            radius = hop * _RING_PX + (_RING_PX / 3 if hop == 0 and len(ring) > 1 else 0)
            for place, node in enumerate(ring):
                angle = 2 * math.pi * (place + hop / 2) / len(ring)
                places[node] = (size / 2 + radius * math.cos(angle), size / 2 + radius * math.sin(angle))
        return places, size


def grow(
    roots: Sequence[Node], relations: Relations, *, hops: int = 2, nodes_max: int = NODES_MAX
) -> CaseGraph:
    """The graph around `roots`, up to `hops` (at most `HOPS_MAX`) away."""
    known = dict.fromkeys(sorted(set(roots)), 0)
    edges: dict[tuple[Node, Node, str, str], tuple[int, int]] = {}
    asked = set[Node]()
    edge_nodes, left_out = list(known), set[Node]()
    for hop in range(1, min(hops, HOPS_MAX) + 1):
        asked.update(edge_nodes)
        weight: dict[Node, int] = {}
        counts: dict[Relation, int] = {}
        for one in relations(edge_nodes):
            counts[one] = counts.get(one, 0) + 1
        for one, times in counts.items():
            if (one.source in asked and one.source not in edge_nodes) or (
                one.target in asked and one.target not in edge_nodes
            ):
                continue  # it was found from its other end
            edge = (one.source, one.target, one.kind, one.currency)
            count, amount = edges.get(edge, (0, 0))
            edges[edge] = (count + times, amount + one.amount * times)
            for node in (one.source, one.target):
                if node not in known:
                    weight[node] = weight.get(node, 0) + one.amount * times + times
        ordered = sorted(weight, key=lambda node: (-weight[node], node))
        room = max(0, nodes_max - len(known))
        left_out.update(ordered[room:])
        edge_nodes = sorted(ordered[:room])
        known |= dict.fromkeys(edge_nodes, hop)
    kept = [
        Edge(*edge, count, amount)
        for edge, (count, amount) in sorted(edges.items())
        if edge[0] in known and edge[1] in known
    ]
    return CaseGraph(known, tuple(kept), len(left_out - set(known)))


def transfers_between(rows: Iterable[tuple[int, int, int, str]]) -> Relations:
    """Relations of transfers held in memory: payer, payee, amount in minor units, currency."""
    by_node: dict[Node, list[Relation]] = {}
    for payer, payee, amount, unit in rows:
        one = Relation(Node("account", str(payer)), Node("account", str(payee)), "transfer", amount, unit)
        for node in {one.source, one.target}:
            by_node.setdefault(node, []).append(one)

    def ask(nodes: Sequence[Node]) -> Iterable[Relation]:
        wanted = set(nodes)
        for node in nodes:
            for one in by_node.get(node, []):
                if one.source == node or one.source not in wanted:
                    yield one

    return ask


def _label(edge: Edge) -> str:
    money = f" {edge.amount} {edge.currency}" if edge.currency else ""
    return f"{edge.kind} {edge.times}×{money}"


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ") + '"'


def _short_of(x1: float, y1: float, x2: float, y2: float) -> tuple[float, float]:
    """The end of an arrow that stops at the node's rim."""
    length = math.hypot(x2 - x1, y2 - y1) or 1.0
    part = (length - _NODE_PX - 2) / length
    return x1 + (x2 - x1) * part, y1 + (y2 - y1) * part
