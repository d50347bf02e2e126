"""Files for regulators: goAML valid by its schema, items for China by their table, gaps named without a value."""

import csv
import io
from dataclasses import replace

import pytest
from lxml import etree
from tests.risk.reports.parts import DAY, FIRM, INSTITUTION, PAYER, PEOPLE, SCHEMA, STR, needs_schema, order

from jinku.risk.reports.china_table import LARGE_VALUE, SUSPICIOUS
from jinku.risk.reports.content import Content, Moved
from jinku.risk.reports.errors import ReportIncomplete, ReportInvalid
from jinku.risk.reports.exporter import Exporter
from jinku.risk.reports.formats import built_in
from jinku.risk.reports.large import Movement, Rate, large_values
from jinku.risk.reports.people import PeopleFile

GOAML = built_in()["goaml"]
LARGE = Content(
    "large_value",
    "CNY",
    lines=tuple(
        large_values(
            [
                Movement("t-1", "customer:77", "natural", DAY, "in", "cash", False, "CNY", 5_000_000),
                Movement("t-2", "customer:78", "legal", DAY, "out", "transfer", True, "EUR", 90_000_000),
            ],
            [Rate(DAY, "EUR", 110_000_000)],
        )
    ),
)


@needs_schema
def test_a_suspicious_report_is_valid_by_the_schema() -> None:
    """K7: goAML XML valid against the XSD, validated here once more by lxml itself."""
    data = GOAML.export(order())
    grammar = etree.XMLSchema(etree.parse(str(SCHEMA)))
    root = etree.fromstring(data)
    assert grammar.validate(root), grammar.error_log
    assert root.findtext("report_code") == "STR"
    assert root.findtext("reason") == STR.narrative
    assert [one.findtext("amount_local") for one in root.iter("transaction")] == [
        "49000.00", "11373.19", "48000.00", "0.01",
    ]  # fmt: skip
    foreign = root.find(".//from_foreign_currency")
    assert foreign is not None
    assert [one.text for one in foreign] == ["GBP", "1234.56", "9.21234567"]
    sides = [[one.tag for one in each if one.tag.startswith("t_")] for each in root.iter("transaction")]
    assert sides == [
        ["t_from_my_client", "t_to_my_client"],
        ["t_from_my_client", "t_to"],
        ["t_from_my_client", "t_to_my_client"],
        ["t_from", "t_to_my_client"],
    ]
    assert GOAML.export(order()) == data, "the same again is the same bytes"


@needs_schema
def test_a_report_without_movements_and_a_correction_are_valid_too() -> None:
    """K7."""
    bare = replace(STR, movements=(), subjects=("customer:77", "customer:78", "account:1"))
    root = etree.fromstring(GOAML.export(order(bare, corrects="FIU-2026-9")))
    assert root.findtext("report_code") == "SAR"
    assert root.findtext("fiu_ref_number") == "FIU-2026-9"
    assert len(root.findall("activity/report_parties/report_party")) == 3
    codes = {"indicator_structuring": "-", "report_activity": "AIF"}
    root = etree.fromstring(GOAML.export(order(bare, institution=replace(INSTITUTION, codes=codes))))
    assert root.findtext("report_code") == "AIF"
    large = replace(
        LARGE, movements=tuple(Moved(f"t-{n}", DAY, "customer:77", "account:1", 5, "CNY") for n in (1, 2))
    )
    assert etree.fromstring(GOAML.export(order(large))).findtext("report_code") == "TFR"


@needs_schema
def test_the_exporter_refuses_what_the_schema_refuses_and_quotes_nothing() -> None:
    """K7: the exporter validates itself."""
    wrong = replace(INSTITUTION, codes={"conduct_cash": "ZZ"}, number=0)
    with pytest.raises(ReportInvalid) as caught:
        GOAML.export(order(institution=wrong))
    assert "transmode_code" in str(caught.value)
    assert "rentity_id" in str(caught.value)
    assert "ZZ" not in str(caught.value)
    data = GOAML.export(order())
    with pytest.raises(ReportInvalid):
        GOAML.check(data.replace(b"<ssn>", b"<ssm>").replace(b"</ssn>", b"</ssm>"), SCHEMA)
    GOAML.check(data, SCHEMA)


def test_what_is_missing_is_named_by_reference_and_field() -> None:
    """K7: never by value."""
    people = PeopleFile({**PEOPLE.parties, "customer:77": replace(PAYER, id_number="", birth=None)})
    with pytest.raises(ReportIncomplete) as caught:
        GOAML.export(order(people=people))
    assert {"customer:77: id_number", "customer:77: birth"} <= set(caught.value.missing)
    assert "张" not in str(caught.value)
    with pytest.raises(ReportIncomplete, match="account:3: who it is"):
        GOAML.export(order(people=PeopleFile({k: v for k, v in PEOPLE.parties.items() if k != "account:3"})))
    with pytest.raises(ReportIncomplete, match="movements"):
        GOAML.export(order(LARGE))


@pytest.mark.parametrize(
    "data",
    [
        b"", b"<report>", b"<other/>",
        b'<!DOCTYPE report [<!ENTITY x SYSTEM "file:///etc/passwd">]><report>&x;</report>',
    ],
)  # fmt: skip
def test_what_is_no_report_is_refused(data: bytes) -> None:
    for name in ("goaml", "china-xml"):
        with pytest.raises(ReportInvalid):
            built_in()[name].check(data)


def items(exporter: Exporter, data: bytes) -> list[dict[str, str]]:
    if exporter.suffix == ".csv":
        return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))
    return [{one.tag: one.text or "" for one in item} for item in etree.fromstring(data).iter("item")]


@pytest.mark.parametrize("name", ["china-xml", "china-csv"])
def test_large_values_in_china_are_items_of_the_table(name: str) -> None:
    """K3, K7: another exporter behind the same port, both forms with the same items."""
    exporter = built_in()[name]
    data = exporter.export(order(LARGE))
    exporter.check(data)
    first, second = items(exporter, data)
    assert list(first) == [one.code for one in LARGE_VALUE]
    assert (first["CTNM"], first["CTID"], first["CRCD"], first["TSDR"]) == (
        "张三",
        PAYER.id_number,
        "0501",
        "01",
    )
    assert (first["CRTP"], first["CRAT"], first["HTDT"], first["TICD"]) == (
        "CNY",
        "50000.00",
        "20261120",
        "t-1",
    )
    assert (second["CTNM"], second["CRCD"], second["CRTP"]) == (FIRM.name, "0502", "EUR")
    assert exporter.export(order(LARGE)) == data
    with pytest.raises(ReportInvalid, match="CRCD"):
        exporter.check(data.replace(b"0501", b"05x1"))
    renamed = replace(INSTITUTION, codes={"element_customer": "KHH", "feature_cash": "9901"})
    [one, _] = items(exporter, exporter.export(order(LARGE, institution=renamed)))
    assert (one["KHH"], one["CRCD"]) == ("customer:77", "9901")


@pytest.mark.parametrize("name", ["china-xml", "china-csv"])
def test_suspicious_reports_in_china_have_an_item_for_each_movement(name: str) -> None:
    """K7."""
    exporter = built_in()[name]
    data = exporter.export(order())
    exporter.check(data)
    found = items(exporter, data)
    assert list(found[0]) == [one.code for one in SUSPICIOUS]
    assert [(one["TICD"], one["TSDR"], one["TCNM"]) for one in found[:1]] == [("t-1", "02", FIRM.name)]
    assert found[0]["SSDS"] == STR.narrative
    nobody = PeopleFile(
        {**PEOPLE.parties, "customer:77": replace(PAYER, last_name="", first_name="", id_kind="")}
    )
    with pytest.raises(ReportIncomplete) as caught:
        exporter.export(order(people=nobody))
    assert {"customer:77: name", "customer:77: id_kind"} <= set(caught.value.missing)
