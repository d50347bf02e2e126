"""Statements, reconciliations and positions in JSON; amounts are strings, signed where they can be negative."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from jinku.api.wire.filters import Page
from jinku.api.wire.numbers import Digits128, InstantText, instant_out
from jinku.custody.closing.position import Position
from jinku.custody.reconciliation.breaks import Break
from jinku.custody.reconciliation.statement_desk import Reconciled
from jinku.custody.statements.intake import Accepted, AcceptedFile
from jinku.custody.statements.model import Finding, Statement

Signed = Annotated[str, Field(pattern="^-?[0-9]+$", examples=["-1250"])]
Day = Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")]
BREAKS_MAX = 1_000


class FileOut(BaseModel):
    """An accepted file."""

    model_config = ConfigDict(title="StatementFile")

    sha256: str
    name: str
    message_id: str
    size: int
    accepted_at: InstantText


class StatementOut(BaseModel):
    """One statement of a file; balances in minor units, signed."""

    model_config = ConfigDict(title="Statement")

    statement_id: str
    account: str
    currency: str
    sequence: int
    from_date: Day
    to_date: Day
    opening: Signed
    closing: Signed
    entries: int
    kind: Literal["statement", "report", "notification"]
    opening_given: bool
    """Whether `opening` is the bank's word; else it is computed."""
    closing_given: bool


class FindingOut(BaseModel):
    """What a check found."""

    model_config = ConfigDict(title="Finding")

    check: str
    place: str
    problem: str


class StatementFileOut(BaseModel):
    """An accepted file, what is in it, and what a person should look at."""

    model_config = ConfigDict(title="AcceptedStatementFile")

    file: FileOut
    statements: list[StatementOut]
    findings: list[FindingOut]


class StatementPage(Page):
    """One page of accepted files."""

    files: list[FileOut]


class BreakOut(BaseModel):
    """A difference, with its evidence; amounts in minor units."""

    model_config = ConfigDict(title="Break")

    break_id: Digits128
    kind: str
    outcome: str
    reference: str
    amount: Signed
    effect: Signed
    day: Day
    age_days: int
    bank_lines: list[int]
    transfer_ids: list[Digits128]
    evidence: list[str]


class ReconciliationOut(BaseModel):
    """A reconciliation: counts, the arithmetic, and the breaks (the first 1,000 of them; `counts` has all)."""

    model_config = ConfigDict(title="Reconciliation")

    reconciliation_id: Digits128
    statement: str
    statement_id: str
    account_id: Digits128
    currency: str
    as_of: Day
    method_version: str
    clean: bool
    bank_sum: Signed
    our_sum: Signed
    difference: Signed
    counts: dict[str, int]
    effects: dict[str, Signed]
    proof: list[str]
    breaks: list[BreakOut]


class PositionOut(BaseModel):
    """Requirement against resource, with the arithmetic; amounts in minor units."""

    model_config = ConfigDict(title="Position")

    entity: int
    currency: str
    as_of: str
    requirement: Signed
    resource: Signed
    difference: Signed
    outcome: Literal["reconciled", "shortfall", "excess"]
    clients: int
    floored: int
    explanation: list[str]


class PositionsOut(BaseModel):
    """One position for each legal entity and currency."""

    model_config = ConfigDict(title="Positions")

    positions: list[PositionOut]


def file_out(file: AcceptedFile) -> dict[str, Any]:
    """`file` as JSON values."""
    return {
        "sha256": file.sha256,
        "name": file.name,
        "message_id": file.message_id,
        "size": file.size,
        "accepted_at": instant_out(file.accepted_at),
    }


def accepted_out(accepted: Accepted) -> dict[str, Any]:
    """`accepted` as JSON values (see `StatementFileOut`)."""
    return {
        "file": file_out(accepted.file),
        "statements": [_statement_out(one) for one in accepted.statements],
        "findings": [finding_out(one) for one in accepted.findings],
    }


def finding_out(finding: Finding) -> dict[str, Any]:
    """`finding` as JSON values."""
    return {"check": finding.check, "place": finding.place, "problem": finding.problem}


def _statement_out(one: Statement) -> dict[str, Any]:
    return {
        "statement_id": one.statement_id,
        "account": one.account,
        "currency": one.currency.code,
        "sequence": one.sequence,
        "from_date": one.from_date.isoformat(),
        "to_date": one.to_date.isoformat(),
        "opening": str(one.opening),
        "closing": str(one.closing),
        "entries": len(one.entries),
        "kind": one.kind.value,
        "opening_given": one.opening_given,
        "closing_given": one.closing_given,
    }


def reconciliation_out(found: Reconciled) -> dict[str, Any]:
    """`found` as JSON values (see `ReconciliationOut`)."""
    result = found.result
    return {
        "reconciliation_id": str(found.number),
        "statement": found.statement_sha256,
        "statement_id": result.bank.statement_id,
        "account_id": str(found.account_id),
        "currency": result.bank.currency.code,
        "as_of": result.as_of.isoformat(),
        "method_version": result.method_version,
        "clean": result.is_clean,
        "bank_sum": str(result.bank_sum),
        "our_sum": str(result.our_sum),
        "difference": str(result.difference),
        "counts": dict(result.counts),
        "effects": {kind: str(effect) for kind, effect in result.effects.items()},
        "proof": list(result.proof),
        "breaks": [_break_out(one) for one in result.breaks[:BREAKS_MAX]],
    }


def _break_out(one: Break) -> dict[str, Any]:
    return {
        "break_id": str(one.break_id),
        "kind": one.kind.value,
        "outcome": one.outcome.value,
        "reference": one.reference,
        "amount": str(one.amount),
        "effect": str(one.effect),
        "day": one.day.isoformat(),
        "age_days": one.age_days,
        "bank_lines": list(one.bank_lines),
        "transfer_ids": [str(number) for number in one.transfer_ids],
        "evidence": list(one.evidence),
    }


def position_out(entity: int, one: Position) -> dict[str, Any]:
    """`one`, the position of a legal entity, as JSON values."""
    return {
        "entity": entity,
        "currency": one.currency.code,
        "as_of": one.as_of,
        "requirement": str(one.requirement),
        "resource": str(one.resource),
        "difference": str(one.difference),
        "outcome": one.outcome.value,
        "clients": one.client_count,
        "floored": one.floored_count,
        "explanation": list(one.explanation),
    }
