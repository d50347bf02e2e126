"""Field 86, the information to the account's owner, in the three forms that banks give it.

Rules:

1. Numbered: a three-digit transaction code and subfields ``?00`` to ``?99`` (some banks write ``~``, ``<`` or ``^``).
   ``?20`` to ``?29`` and ``?60`` to ``?63`` are the remittance text, in which SEPA keys such as ``EREF+`` and ``SVWZ+``
   may stand.
2. Tagged: ``/EREF/…/REMI/…``. Only the tags of ``TAGS`` begin a part; any other slash belongs to the text.
3. Free: everything else is remittance text.
4. Lines are joined without a blank where banks break them anywhere (1, 2, and full lines of 3), with one otherwise.

Example::

    details_of(("/EREF/E2E-1/REMI/Rent November",))  # Details(end_to_end_id="E2E-1", …)
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

LINE_CHARS_FULL = 65
"""Characters of a full line in SWIFT's text."""

TAGS: dict[str, str] = {
    "EREF": "end_to_end_id",
    "KREF": "instruction_id",
    "IREF": "instruction_id",
    "PREF": "instruction_id",
    "CREF": "instruction_id",
    "TREF": "transaction_id",
    "REMI": "remittance",
    "SVWZ": "remittance",
    "RTRN": "return_reason",
    "RREF": "",
    "MARF": "",
    "MREF": "",
    "CSID": "",
    "CRED": "",
    "DEBT": "",
    "ABWA": "",
    "ABWE": "",
    "TRTP": "",
    "TRCD": "",
    "TYPE": "",
    "NAME": "",
    "IBAN": "",
    "BIC": "",
    "CNTP": "",
    "ULTC": "",
    "ULTD": "",
    "ULTB": "",
    "BENM": "",
    "ORDP": "",
    "PURP": "",
    "ISDT": "",
    "ADDR": "",
    "EXCH": "",
    "OCMT": "",
    "CHGS": "",
    "COAM": "",
    "ACCW": "",
    "PCAM": "",
    "OCAM": "",
    "OAMT": "",
}
"""What begins a part of the text, and the field of `Details` that it fills (none: passed over)."""

_TAGGED = re.compile(rf"/({'|'.join(TAGS)})/", re.ASCII)
_KEYED = re.compile(r"(EREF|KREF|MREF|CRED|DEBT|SVWZ|ABWA|ABWE|COAM|OAMT|IBAN|BIC|CREF|TREF)\+", re.ASCII)
_NUMBERED = re.compile(r"([0-9]{3})([?~<^])[0-9]{2}", re.ASCII)
_REMITTANCE_SUBFIELDS = frozenset([*(str(n) for n in range(20, 30)), *(str(n) for n in range(60, 64))])
_UNSTRUCTURED = re.compile(r"(?:USTD|STRD)//", re.ASCII)


@dataclass(frozen=True, slots=True)
class Details:
    """What a field 86 says; absent texts are empty."""

    transaction_code: str = ""
    end_to_end_id: str = ""
    instruction_id: str = ""
    transaction_id: str = ""
    return_reason: str = ""
    remittance: str = ""


def details_of(lines: Sequence[str]) -> Details:
    """The information in the lines of one field 86. Any text means something: nothing is refused here."""
    whole = "".join(lines)
    numbered = _NUMBERED.match(whole)
    if numbered is not None:
        return _numbered(numbered.group(1), numbered.group(2), whole[3:])
    if _TAGGED.match(whole):
        return Details(**_parts(_TAGGED, whole))
    return Details(remittance=free_text(lines))


def free_text(lines: Sequence[str]) -> str:
    """`lines` as one text (rule 4)."""
    text = ""
    for number, line in enumerate(lines):
        broken = number > 0 and len(lines[number - 1]) < LINE_CHARS_FULL
        text += f" {line}" if broken and line else line
    return " ".join(text.split())


def _numbered(code: str, mark: str, text: str) -> Details:
    pieces = re.split(re.escape(mark) + "([0-9]{2})", text, flags=re.ASCII)
    remittance = "".join(
        piece
        for number, piece in zip(pieces[1::2], pieces[2::2], strict=True)
        if number in _REMITTANCE_SUBFIELDS
    )
    if _KEYED.match(remittance):
        return Details(transaction_code=code, **_parts(_KEYED, remittance))
    return Details(transaction_code=code, remittance=remittance.strip())


def _parts(pattern: re.Pattern[str], text: str) -> dict[str, str]:
    """The fields of `Details` that the parts of `text` fill; the first of a kind counts."""
    pieces = pattern.split(text)
    found: dict[str, str] = {}
    for tag, piece in zip(pieces[1::2], pieces[2::2], strict=True):
        name = TAGS.get(tag, "")
        value = _UNSTRUCTURED.sub("", piece).strip() if name == "remittance" else piece.strip(" /")
        if name and value and value not in ("NOTPROVIDED", "NONREF"):
            found.setdefault(name, value)
    return found
