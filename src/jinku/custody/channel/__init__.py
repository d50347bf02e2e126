"""The bank channel: instructions to banks that are paid once, never twice, and never forgotten (R5, R20).

Rules:

1. An instruction is written down, approved by a second person and numbered before its first byte leaves the house.
2. What is not known is asked, not sent again. What is final stays so, but for money that comes back.
3. The ledger follows the bank's word exactly once.

`desk` has the use cases, `dispatch` the durable work, `machine` the table of states, `port` what a bank's dialect is.

Example::

    desk = BankDesk(ChannelStore(database), ledger, {"custodian": dialect})
    desk.instruct([Request(...)], by="anna")
    desk.approve([order_id], by="boris")
    with Dispatcher(desk, order_desk, ledger, Path("bank-work.sqlite")) as dispatcher:
        dispatcher.cycle()
"""
