"""People, an institution and contents for the tests of reports."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from jinku.risk.reports.content import Content, Moved
from jinku.risk.reports.exporter import ExportOrder, Institution
from jinku.risk.reports.people import Account, Address, Company, PeopleFile, Person

SCHEMA = Path(__file__).parents[4] / "shared" / "data" / "schemas" / "goaml-5.0.1.xsd"
DAY = date(2026, 11, 20)
HOME = Address("Chang'an Street 1", "Beijing", "CN", "100000")
PAYER = Person(
    "三", "张", date(1990, 1, 2), "01", "110101199001020018", "CN", "CN", "trader", "13800000000", "M", HOME
)
STRANGER = Person("Ann", "Lee", ours=False, residence="GB")
FIRM = Company(
    "泉州某商贸有限公司", "某商贸", "-", "91350500MA00000000", "trade", "CN", date(2020, 5, 5), "0595-1", HOME,
    Person("四", "李", date(1980, 3, 4), "01", "110101198003040019", "CN", "CN", "director", "13900000000"),
)  # fmt: skip
PEOPLE = PeopleFile(
    {
        "customer:77": PAYER,
        "customer:78": FIRM,
        "person:9": STRANGER,
        "account:1": Account("6222020000000001", "CNY", country="CN", opened=DAY, owner="customer:77"),
        "account:2": Account("6222020000000002", "CNY", country="CN", opened=DAY, owner="customer:78"),
        "account:3": Account("GB33BUKB20201555555555", "GBP", "Some Bank", "SB", country="GB", ours=False),
    }
)
INSTITUTION = Institution(
    4711, "head office", "Jinku Test Bank", "JKTB", "CN", HOME, Person("五", "王", phone="010-1")
)
STR = Content(
    "suspicious",
    "CNY",
    ("customer:77",),
    (
        Moved("t-1", DAY, "account:1", "account:2", 4_900_000, "CNY"),
        Moved("t-2", DAY, "account:2", "account:3", 123_456, "GBP", rate=921_234_567),
        Moved("t-3", DAY, "customer:77", "account:1", 4_800_000, "CNY", "cash"),
        Moved("t-4", DAY, "person:9", "account:1", 1, "CNY"),
    ),
    narrative="Deposits just under the threshold <on> three days & on.\n三天内多次存入。",
    action="more due diligence",
    indicators=("structuring",),
)


def order(content: Content = STR, **more: object) -> ExportOrder:
    """An order with the schema, where it is there."""
    schema = SCHEMA if SCHEMA.exists() else None
    made = ExportOrder("000001", DAY, content, PEOPLE, INSTITUTION, schema=schema)
    return replace(made, **more)  # type: ignore[arg-type]


needs_schema = pytest.mark.skipif(
    not SCHEMA.exists(), reason="the goAML schema is not there: ../shared/data/schemas"
)
