"""The CSV layouts that Jinku knows without a mapping: its own plain one, and the custodian's five check files."""

from jinku.custody.statements.formats.checkfiles import check_file_mappings
from jinku.custody.statements.formats.csv.mapping import CsvMapping, Sign


def plain_mapping() -> CsvMapping:
    """A table a spreadsheet can write: one account and currency a line, signed amounts, the balance after each."""
    return CsvMapping(
        name="plain",
        columns={
            "account": "account",
            "currency": "currency",
            "booked": "booked",
            "value_date": "value_date",
            "amount": "amount",
            "balance": "balance",
            "reference": "reference",
            "end_to_end_id": "end_to_end_id",
            "remittance": "text",
        },
        sign=Sign.AMOUNT,
    )


def known_mappings() -> tuple[CsvMapping, ...]:
    """Every layout that needs no mapping of the user's."""
    return (plain_mapping(), *check_file_mappings())
