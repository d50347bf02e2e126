"""Proofs and receipts: that a transfer, or any entry, is in the signed log."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from jinku.api.errors import NotFound
from jinku.api.json import Json
from jinku.api.services import Services
from jinku.api.wire.numbers import Digits128, PathU128
from jinku.log.merkle import leaf_hash
from jinku.log.reader import LogDirectory
from jinku.log.receipt import Receipt, make_receipt

RECEIPT_TYPE = "text/plain; charset=utf-8"
INDEX_MAX = (1 << 63) - 1
_RECEIPT_TEXT: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The receipt, a c2sp.org/tlog-proof@v1 text that carries the entry itself",
        "content": {"text/plain": {"schema": {"type": "string"}}},
    }
}
Hex32 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
Cosigned = Annotated[
    bool, Query(description="Under the newest checkpoint that witnesses cosigned, instead of the newest.")
]


class ProofOut(BaseModel):
    """That entry `index` is in the log of `size` entries whose root the signed `checkpoint` states (RFC
    6962)."""

    model_config = ConfigDict(title="InclusionProof")

    transfer_id: Digits128
    index: int
    size: int
    leaf_hash: Hex32
    path: list[Hex32]
    """From the leaf up."""
    root: Hex32
    checkpoint: str
    entry: str
    """The entry's raw bytes, hex."""


def proofs_router(services: Services) -> APIRouter:
    """The routes of this module."""
    router = APIRouter(prefix="/v1", tags=["proofs"])
    receipt_of = _receipts(services)

    def transfer_receipt(transfer_id: int, cosigned: bool) -> Receipt:
        index = services.ledger.transfer_sequence(transfer_id)
        if index < 0:
            raise NotFound(
                f"there is no transfer {transfer_id}",
                remedy="look at the id, or at the answer of its creation",
            )
        return receipt_of(index, cosigned)

    @router.get(
        "/transfers/{transfer_id}/proof",
        operation_id="get_transfer_proof",
        response_model=None,
        responses={200: {"model": ProofOut}},
    )
    def get_transfer_proof(transfer_id: Annotated[PathU128, Path()], cosigned: Cosigned = False) -> Response:
        """The proof that a transfer's entry (or that its burned id) is in the log, as values."""
        receipt = transfer_receipt(transfer_id, cosigned)
        entry = receipt.extra or b""
        return Json(
            {
                "transfer_id": str(transfer_id),
                "index": receipt.index,
                "size": receipt.checkpoint.size,
                "leaf_hash": leaf_hash(entry).hex(),
                "path": [node.hex() for node in receipt.path],
                "root": receipt.checkpoint.root.hex(),
                "checkpoint": receipt.checkpoint.encode().decode(),
                "entry": entry.hex(),
            }
        )

    @router.get(
        "/transfers/{transfer_id}/receipt",
        operation_id="get_transfer_receipt",
        response_model=None,
        responses=_RECEIPT_TEXT,
    )
    def get_transfer_receipt(
        transfer_id: Annotated[PathU128, Path()], cosigned: Cosigned = False
    ) -> Response:
        """The receipt of a transfer: what a customer keeps, checked by `jinku verify receipt` without us."""
        return Response(transfer_receipt(transfer_id, cosigned).encode(), media_type=RECEIPT_TYPE)

    @router.get(
        "/entries/{index}/receipt",
        operation_id="get_entry_receipt",
        response_model=None,
        responses=_RECEIPT_TEXT,
    )
    def get_entry_receipt(
        index: Annotated[int, Path(ge=0, le=INDEX_MAX)], cosigned: Cosigned = False
    ) -> Response:
        """The receipt of any entry of the log by its number."""
        if index >= services.ledger.size():
            raise NotFound(f"the log has no entry {index}", remedy="see /log/checkpoint for its size")
        return Response(receipt_of(index, cosigned).encode(), media_type=RECEIPT_TYPE)

    return router


def _receipts(services: Services) -> Callable[[int, bool], Receipt]:
    """Makes the receipt of an entry, publishing first where the newest checkpoint does not cover it yet."""
    log = LogDirectory(services.house.log_directory)

    def receipt_of(index: int, cosigned: bool) -> Receipt:
        current = services.house.publisher.checkpoint
        if current is None or current.size <= index:
            services.house.publish()
        return make_receipt(log, index, cosigned=cosigned)

    return receipt_of
