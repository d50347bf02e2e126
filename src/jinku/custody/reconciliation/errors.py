"""The errors of the reconciliation's room. A record that could not be compared is one of these, never left out."""

from jinku.base.errors import InputError, MoneyOverflow


class BadRecords(InputError):
    """Records that cannot stand on a side: an id twice, a negative amount, columns of different lengths."""

    code = "bad_records"


class BadRules(InputError):
    """A table of rules that means nothing, or that could match by less than it says."""

    code = "bad_rules"


class AmountTooLarge(MoneyOverflow):
    """An amount, or the turnover of a side, beyond what 64 bits sum without overflow."""

    code = "amount_too_large"


class MissingDay(InputError):
    """A movement of the ledger names no business day, so nobody can say when the bank should show it."""

    code = "missing_day"
