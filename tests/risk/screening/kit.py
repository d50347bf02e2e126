"""A clock, a sealing ledger, small list files and desks for the tests of screening."""

import csv
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from jinku.base.clock import NS_PER_DAY
from jinku.ledger.layout import ENTRY, SEAL, TRANSFER, Array, EntryKind

NOON = 1_795_300_000_000_000_000
SHARED = Path(__file__).parents[3].parent / "shared" / "data" / "lists"


@dataclass
class Clock:
    """A clock that is set."""

    now: int = NOON

    def __call__(self) -> int:
        return self.now

    def days(self, count: int) -> None:
        self.now += count * NS_PER_DAY


@dataclass
class Seals:
    """A ledger that remembers what it sealed; its first entry is another."""

    seen: list[tuple[bytes, int]] = field(default_factory=list)

    def seal(self, digest: bytes, topic: int) -> tuple[int, int]:
        self.seen.append((digest, topic))
        return len(self.seen), NOON

    def size(self) -> int:
        return len(self.seen) + 1

    def entries(self, first: int, count: int) -> Array:
        rows = np.zeros(self.size(), ENTRY)
        seals = np.zeros(self.size(), SEAL)
        for at, (digest, topic) in enumerate(self.seen, 1):
            rows["kind"][at] = EntryKind.SEAL
            seals["digest"][at], seals["topic"][at] = np.frombuffer(digest, np.uint8), topic
        rows["event"] = seals.view(TRANSFER)
        return rows[first : first + count]


UN = """<?xml version="1.0" encoding="UTF-8"?>
<CONSOLIDATED_LIST dateGenerated="2026-02-27T00:00:00Z">
<INDIVIDUALS>
<INDIVIDUAL><DATAID>1</DATAID><FIRST_NAME>USAMA</FIRST_NAME><SECOND_NAME>TESTADEN</SECOND_NAME>
<UN_LIST_TYPE>Test</UN_LIST_TYPE><LISTED_ON>2001-10-06</LISTED_ON><GENDER>Male</GENDER>
<NATIONALITY><VALUE>Yemen</VALUE></NATIONALITY>
<INDIVIDUAL_ALIAS><QUALITY>Good</QUALITY><ALIAS_NAME>Osama bin Testaden</ALIAS_NAME></INDIVIDUAL_ALIAS>
<INDIVIDUAL_ALIAS><QUALITY>Low</QUALITY><ALIAS_NAME>The Director</ALIAS_NAME></INDIVIDUAL_ALIAS>
<INDIVIDUAL_DATE_OF_BIRTH><TYPE_OF_DATE>EXACT</TYPE_OF_DATE><DATE>1957-07-30</DATE></INDIVIDUAL_DATE_OF_BIRTH>
<INDIVIDUAL_DOCUMENT><TYPE_OF_DOCUMENT>Passport</TYPE_OF_DOCUMENT><NUMBER>A 123-456</NUMBER></INDIVIDUAL_DOCUMENT>
</INDIVIDUAL>
<INDIVIDUAL><DATAID>2</DATAID><FIRST_NAME>ZENG</FIRST_NAME><SECOND_NAME>GUOFAN</SECOND_NAME>
<NAME_ORIGINAL_SCRIPT>曾国藩</NAME_ORIGINAL_SCRIPT></INDIVIDUAL>
</INDIVIDUALS>
<ENTITIES>
<ENTITY><DATAID>3</DATAID><FIRST_NAME>ORION WEAPONS TRADING CO. LTD</FIRST_NAME>
<ENTITY_ADDRESS><COUNTRY>Iran (Islamic Republic of)</COUNTRY></ENTITY_ADDRESS></ENTITY>
</ENTITIES>
</CONSOLIDATED_LIST>
"""

SDN = (
    '11,"PETRENKO, Oleksandr Ivanovych","individual","TEST",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,'
    '"DOB 04 May 1955; alt. DOB circa 1956; nationality Ukraine; Gender Male; Passport EK123456 (Ukraine); '
    "a.k.a. 'SASHKO'.\"\r\n"
    '12,"SEA STAR III","vessel","TEST",-0- ,"CL1",-0- ,-0- ,-0- ,"Panama",-0- ,'
    '"Vessel Registration Identification IMO 9187629 (vessel)."\r\n'
    '13,"DELTA INVESTMENT FUND II",-0- ,"TEST",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- \r\n\x1a\r\n'
)
ALT = '11,1,"aka","Alexander PETRENKO",-0- \r\n13,2,"fka","DELTA CAPITAL",-0- \r\n\x1a\r\n'
ADD = '13,1,"1 Main Street","Minsk","Belarus",-0- \r\n\x1a\r\n'


def written(path: Path, text: str | bytes) -> Path:
    """A file with this content."""
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def domestic(path: Path, rows: list[tuple[str, str]]) -> tuple[Path, Path]:
    """A domestic list of ids and names, and its mapping."""
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("编号", "名称"), *rows])
    mapping = path.with_suffix(".toml")
    mapping.write_text(
        'list = "cn"\nsource_date = "2026-02-16"\n[columns]\nid = "编号"\nname = "名称"\n', "utf-8"
    )
    return path, mapping
