"""A program as one writes it for TigerBeetle's Python client: a small wallet, told through the client's own names.

`walk` takes an open client and the module that its names come from. It runs unchanged on ``tigerbeetle`` with
``tigerbeetle.ClientSync`` and on ``jinku.ledger`` with what ``open_ledger`` returns.
"""

from typing import Any

EUR, CLIENT, BANK, DEPOSIT, PAYMENT = 978, 10, 20, 1, 2


def walk(client: Any, tb: Any) -> None:
    """Open accounts, deposit, reserve, post, void, chain, balance, close, and look at all of it."""
    bank, alice, bob = _open_accounts(client, tb)
    _pay(client, tb, bank, alice, bob)
    _reserve(client, tb, alice, bob)
    _chain(client, tb, bank, alice, bob)
    _balance_and_close(client, tb, bank, bob)
    _look(client, tb, bank, alice)


def _open_accounts(client: Any, tb: Any) -> tuple[int, int, int]:
    bank, alice, bob = tb.id(), tb.id(), tb.id()
    limited = tb.AccountFlags.DEBITS_MUST_NOT_EXCEED_CREDITS | tb.AccountFlags.HISTORY
    results = client.create_accounts(
        [
            tb.Account(id=bank, ledger=EUR, code=BANK, user_data_128=bank),
            tb.Account(id=alice, ledger=EUR, code=CLIENT, flags=limited, user_data_128=bank, user_data_64=1),
            tb.Account(id=bob, ledger=EUR, code=CLIENT, flags=limited, user_data_128=bank, user_data_64=2),
        ]
    )
    assert [result.status for result in results] == [tb.CreateAccountStatus.CREATED] * 3
    assert results[0].timestamp + 2 == results[1].timestamp + 1 == results[2].timestamp
    again = client.create_accounts([tb.Account(id=bank, ledger=EUR, code=BANK, user_data_128=bank)])
    assert again == [tb.CreateAccountResult(results[0].timestamp, tb.CreateAccountStatus.EXISTS)]
    return bank, alice, bob


def _pay(client: Any, tb: Any, bank: int, alice: int, bob: int) -> None:
    deposit = _transfer(tb, bank, alice, 100_00, code=DEPOSIT)
    payment = _transfer(tb, alice, bob, 30_00)
    too_much = _transfer(tb, alice, bob, 70_01)
    assert _send(client, deposit, payment, too_much) == ["CREATED", "CREATED", "EXCEEDS_CREDITS"]
    assert _send(client, deposit, too_much) == ["EXISTS", "ID_ALREADY_FAILED"]
    assert _available(client, alice) == 70_00
    assert _available(client, bob) == 30_00


def _reserve(client: Any, tb: Any, alice: int, bob: int) -> None:
    flags = tb.TransferFlags
    first, second = (_transfer(tb, alice, bob, 40_00, flags=flags.PENDING) for _ in range(2))
    assert _send(client, first, second) == ["CREATED", "EXCEEDS_CREDITS"]
    part = tb.Transfer(id=tb.id(), pending_id=first.id, amount=15_00, flags=flags.POST_PENDING_TRANSFER)
    whole = tb.Transfer(
        id=tb.id(), pending_id=first.id, amount=tb.AMOUNT_MAX, flags=flags.POST_PENDING_TRANSFER
    )
    assert _send(client, part, whole) == ["CREATED", "PENDING_TRANSFER_ALREADY_POSTED"]
    third = _transfer(tb, alice, bob, 5_00, flags=flags.PENDING)
    void = tb.Transfer(id=tb.id(), pending_id=third.id, flags=flags.VOID_PENDING_TRANSFER)
    assert _send(client, third, void) == ["CREATED", "CREATED"]
    stored = client.lookup_transfers([part.id, void.id])
    assert [(row.amount, row.debit_account_id, row.ledger) for row in stored] == [
        (15_00, alice, EUR),
        (5_00, alice, EUR),
    ]
    assert _available(client, alice) == 55_00


def _chain(client: Any, tb: Any, bank: int, alice: int, bob: int) -> None:
    linked = tb.TransferFlags.LINKED
    lost = _transfer(tb, alice, bob, 1_00, flags=linked)
    assert _send(client, lost, _transfer(tb, bob, bob, 1_00), _transfer(tb, alice, bob, 2_00)) == [
        "LINKED_EVENT_FAILED",
        "ACCOUNTS_MUST_BE_DIFFERENT",
        "CREATED",
    ]
    assert client.lookup_transfers([lost.id]) == []
    assert _send(
        client, _transfer(tb, alice, bank, 3_00, flags=linked), _transfer(tb, bank, alice, 3_00)
    ) == [
        "CREATED",
        "CREATED",
    ]
    assert _available(client, alice) == 53_00


def _balance_and_close(client: Any, tb: Any, bank: int, bob: int) -> None:
    flags = tb.TransferFlags
    assert _available(client, bob) == 47_00
    sweep = _transfer(tb, bob, bank, tb.AMOUNT_MAX, flags=flags.BALANCING_DEBIT)
    closing = _transfer(tb, bob, bank, 0, flags=flags.PENDING | flags.CLOSING_DEBIT)
    assert _send(client, sweep, closing, _transfer(tb, bank, bob, 1)) == [
        "CREATED",
        "CREATED",
        "CREDIT_ACCOUNT_ALREADY_CLOSED",
    ]
    assert client.lookup_transfers([sweep.id])[0].amount == 47_00
    assert client.lookup_accounts([bob])[0].flags & tb.AccountFlags.CLOSED
    reopen = tb.Transfer(id=tb.id(), pending_id=closing.id, flags=flags.VOID_PENDING_TRANSFER)
    assert _send(client, reopen, _transfer(tb, bank, bob, 1)) == ["CREATED", "CREATED"]


def _look(client: Any, tb: Any, bank: int, alice: int) -> None:
    both = tb.AccountFilterFlags.DEBITS | tb.AccountFilterFlags.CREDITS

    def history(flags: Any, limit: int = 100, code: int = 0, start: int = 0) -> Any:
        return tb.AccountFilter(
            account_id=alice,
            user_data_128=0,
            user_data_64=0,
            user_data_32=0,
            code=code,
            timestamp_min=start,
            timestamp_max=0,
            limit=limit,
            flags=flags,
        )

    moved = client.get_account_transfers(history(both))
    assert [row.amount for row in moved] == [100_00, 30_00, 40_00, 15_00, 5_00, 5_00, 2_00, 3_00, 3_00]
    assert [row.amount for row in client.get_account_transfers(history(both, code=DEPOSIT))] == [100_00]
    newest = client.get_account_transfers(history(both | tb.AccountFilterFlags.REVERSED, limit=2))
    assert newest == moved[:-3:-1]
    credits_ = client.get_account_transfers(
        history(tb.AccountFilterFlags.CREDITS, start=moved[0].timestamp + 1)
    )
    assert credits_ == moved[-1:]
    assert client.get_account_transfers(history(both, limit=0)) == []
    balances = client.get_account_balances(history(both))
    assert [row.timestamp for row in balances] == [row.timestamp for row in moved]
    assert [(row.debits_pending, row.debits_posted, row.credits_posted) for row in balances[:4]] == [
        (0, 0, 100_00),
        (0, 30_00, 100_00),
        (40_00, 30_00, 100_00),
        (0, 45_00, 100_00),
    ]
    found = client.query_accounts(_query(tb, tb.QueryFilterFlags.REVERSED, user_data_128=bank, code=CLIENT))
    assert [account.user_data_64 for account in found] == [2, 1]
    start = moved[0].timestamp
    paid = client.query_transfers(_query(tb, tb.QueryFilterFlags.NONE, ledger=EUR, code=PAYMENT, start=start))
    assert [row.timestamp for row in paid] == sorted(row.timestamp for row in paid)
    assert {row.id for row in moved[1:]} <= {row.id for row in paid}


def _query(
    tb: Any, flags: Any, user_data_128: int = 0, ledger: int = 0, code: int = 0, start: int = 0
) -> Any:
    return tb.QueryFilter(
        user_data_128=user_data_128,
        user_data_64=0,
        user_data_32=0,
        ledger=ledger,
        code=code,
        timestamp_min=start,
        timestamp_max=0,
        limit=100,
        flags=flags,
    )


def _transfer(tb: Any, debit: int, credit: int, amount: int, code: int = PAYMENT, flags: Any = 0) -> Any:
    return tb.Transfer(
        id=tb.id(),
        debit_account_id=debit,
        credit_account_id=credit,
        amount=amount,
        ledger=EUR,
        code=code,
        flags=tb.TransferFlags(flags),
    )


def _send(client: Any, *transfers: Any) -> list[str]:
    return [result.status.name for result in client.create_transfers(list(transfers))]


def _available(client: Any, account_id: int) -> int:
    account = client.lookup_accounts([account_id])[0]
    return int(account.credits_posted - account.debits_posted - account.debits_pending)
