"""A sanctions list of invented names, as a domestic list comes: a CSV and the mapping that says what its columns are.

Example::

    write_list(directory)  # the paths of list and mapping
"""

from pathlib import Path

LIST_CSV = """\
id,name,aliases,kind,country,since
J-001,Karim Yusuf AL-HARTHI,Abu Yusuf,P,YE,2019-04-02
J-002,慕容朔,,P,CN,2021-09-15
J-003,Meridian Blue Shipping FZE,MBS Line,O,AE,2023-01-30
J-004,Oleksandr Petrovych HRYTSENKO,,P,UA,2022-03-11
J-005,朴成浩,Pak Song Ho,P,KP,2017-06-05
"""
LIST_TOML = """\
list = "demo"
rows = 5
source_date = "2026-11-19"

[columns]
id = "id"
name = "name"
aliases = "aliases"
kind = "kind"
country = "country"
since = "since"

[kinds]
P = "Person"
O = "Organization"
"""
AS_TYPED = ("Kareem Yousef Al Harthi", "Murong Shuo", "MERIDIAN BLUE SHIPPING F.Z.E.")
"""How customers write some of them."""
NAMESAKES = ("Karim Mansour", "慕容清", "Blue Meridian Tours SA")
"""People and firms who share a word with one of them and are nobody."""


def write_list(directory: Path) -> tuple[Path, Path]:
    """Write list and mapping into `directory`; their paths."""
    found = directory / "demo-list.csv", directory / "demo-list.toml"
    for path, text in zip(found, (LIST_CSV, LIST_TOML), strict=True):
        path.write_text(text, encoding="utf-8")
    return found
