"""The command line of the verifier: ``python -m jinku.verify receipt|consistency|log|balance|attestations|pack|…``.

1. Exit codes: 0 it holds, 1 it does not, 2 usage or unreadable input, 3 all else holds and a signature was not checked.
2. Findings in English, the last line of a result in Chinese; with ``--json`` one JSON object instead.
3. ``--key`` takes a vkey, or ``@FILE`` with one vkey a line; so does ``--witness``. A pack or an owners' folder
   brings its own key: without ``--key`` that is used, and said so.

Example::

    python -m jinku.verify log ./log --key "ledger.example/jinku+1234abcd+AQ…"
"""

import argparse
import json
import os
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from jinku.verify.attestations import LIST_BYTES_MAX, check_listed, parse_list, verify_attestations
from jinku.verify.balance import BALANCE_RECEIPT_BYTES_MAX, Expected, verify_balance_receipt
from jinku.verify.consistency import CONSISTENCY_BYTES_MAX, verify_consistency
from jinku.verify.entries import ENTRY_BYTES, decode
from jinku.verify.errors import NotVerified, Unreadable, VerifyError
from jinku.verify.folder import Checks
from jinku.verify.logdir import verify_log_directory
from jinku.verify.note import NOTE_BYTES_MAX
from jinku.verify.owners import check_owners
from jinku.verify.pack import check_pack
from jinku.verify.receipt import LEAF_BYTES_MAX, RECEIPT_BYTES_MAX, verify_receipt
from jinku.verify.report import LogReport
from jinku.verify.report_folder import check_any
from jinku.verify.signing import Left, deferring
from jinku.verify.tiles import read_file
from jinku.verify.trust import Trust

HOLDS, DOES_NOT_HOLD, UNREADABLE, NOT_CHECKED = 0, 1, 2, 3
KEY_FILE_BYTES_MAX = 1 << 20
Answer = tuple[int, dict[str, object], list[str]]
"""Exit code, the JSON object, the lines for a person."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code. `arguments` default to those of the process."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    options = _parser().parse_args(arguments)
    run: Callable[[argparse.Namespace], Answer] = options.run
    try:
        with deferring() as left:
            code, plain, lines = run(options)
        if left and code == HOLDS:
            code, plain, lines = _unchecked(list(left.values()), plain, lines)
    except VerifyError as error:
        code = DOES_NOT_HOLD if isinstance(error, NotVerified) else UNREADABLE
        plain = {"ok": False, "code": error.code, "message": str(error)}
        word, chinese = (
            ("NOT VERIFIED", "未通过验证") if code == DOES_NOT_HOLD else ("UNREADABLE", "无法读取")
        )
        lines = [f"{word}: {error}", f"结论：{chinese}，请勿采信。"]
    out = json.dumps(plain, ensure_ascii=False, indent=2) if options.json else "\n".join(map(_shown, lines))
    try:
        sys.stdout.write(out + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return code


def _unchecked(left: Sequence[Left], plain: dict[str, object], lines: list[str]) -> Answer:
    """The answer where all holds but for signatures that nothing on this machine can check."""
    kept = [line for line in lines if not line.startswith(("VERIFIED", "结论："))]
    for one in left:
        need = "type on any machine with OpenSSL 3:" if one.command else "needs the package `cryptography`."
        kept += [
            f"SIGNATURE NOT CHECKED: by {one.name}; {need}",
            *([f"  {one.command}"] if one.command else []),
        ]
    kept += [
        f"NOT VERIFIED YET: everything else holds, {len(left)} signatures were not checked. Each command above must "
        "say Signature Verified Successfully.",
        f"结论：其余各项均成立，但有 {len(left)} 个签名未经核验；请在装有 OpenSSL 3 的机器上执行上述命令后再采信。",
    ]
    asked = [{"name": one.name, "command": one.command} for one in left]
    return NOT_CHECKED, {**plain, "ok": False, "code": "signature_not_checked", "not_checked": asked}, kept


def _shown(line: str) -> str:
    """The line without anything that a terminal would act on."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in line)


def _shared(*, needs_key: bool) -> argparse.ArgumentParser:
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument(
        "--key", action="append", required=needs_key, help="vkey of the log, or @FILE; all must sign"
    )
    shared.add_argument(
        "--any-key", action="store_true", help="one of the keys is enough (after a key change)"
    )
    shared.add_argument("--origin", help="origin of the log, where it is not its keys' name")
    shared.add_argument("--witness", action="append", default=[], help="vkey of a witness, or @FILE")
    shared.add_argument(
        "--quorum", type=int, help="how many witnesses must have cosigned (default: all given)"
    )
    shared.add_argument("--json", action="store_true", help="print one JSON object")
    return shared


def _parser() -> argparse.ArgumentParser:
    shared = _shared(needs_key=True)
    parser = argparse.ArgumentParser(
        prog="python -m jinku.verify", description="Check what a Jinku ledger published, offline. 离线核验。"
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    receipt = commands.add_parser("receipt", parents=[shared], help="one entry is in the log")
    receipt.add_argument("receipt", type=Path, help="a tlog-proof@v1 file")
    receipt.add_argument(
        "--leaf", type=Path, help="file with the entry's bytes, where the receipt lacks them"
    )
    receipt.set_defaults(run=_receipt)

    steady = commands.add_parser("consistency", parents=[shared], help="a later log continues an earlier one")
    steady.add_argument("earlier", type=Path, help="the earlier checkpoint")
    steady.add_argument("proof", type=Path, help="`old SIZE`, proof hashes, empty line, the later checkpoint")
    steady.set_defaults(run=_consistency)

    log = commands.add_parser("log", parents=[shared], help="a whole log directory")
    log.add_argument("directory", type=Path)
    log.add_argument(
        "--earlier", type=Path, action="append", default=[], help="a checkpoint kept from before"
    )
    log.add_argument("--no-replay", action="store_true", help="hashes only, for entries that are not Jinku's")
    log.add_argument("--live", action="store_true", help="the log is being written: accept files ahead")
    log.set_defaults(run=_log)

    balance = commands.add_parser("balance", parents=[shared], help="a customer's balance receipt")
    balance.add_argument("receipt", type=Path, help="a balance receipt (JSON)")
    balance.add_argument(
        "--list", type=Path, help="the published attestations.json, which must have the same one"
    )
    balance.add_argument("--customer", help="the customer's number that it must be of")
    balance.add_argument("--balance", type=int, help="the balance that it must show, minor units")
    balance.add_argument("--entity", type=int, help="the legal entity that it must be of")
    balance.add_argument("--currency", help="the currency that it must be in")
    balance.add_argument("--day", help="the day that it must be of, YYYY-MM-DD")
    balance.set_defaults(run=_balance)

    attestations = commands.add_parser(
        "attestations", parents=[shared], help="the published list of attestations, against the log"
    )
    attestations.add_argument("directory", type=Path, help="a log directory with attestations.json")
    attestations.set_defaults(run=_attestations)

    own_key = _shared(needs_key=False)
    pack = commands.add_parser("pack", parents=[own_key], help="a resolution pack, a folder or zip file")
    pack.add_argument("path", type=Path)
    pack.set_defaults(run=lambda options: _folder(options, check_pack))
    owners = commands.add_parser(
        "owners", parents=[own_key], help="one or more days of beneficial-owner files"
    )
    owners.add_argument("path", type=Path, help="a day's folder, or the folder of all days")
    owners.set_defaults(run=lambda options: _folder(options, check_owners))
    report = commands.add_parser("report", parents=[own_key], help="a report, or any other sealed folder")
    report.add_argument("path", type=Path)
    report.set_defaults(run=lambda options: _folder(options, check_any))
    return parser


def _read(path: Path, limit: int) -> bytes:
    try:
        whole = path.resolve()
    except (OSError, RuntimeError) as error:
        raise Unreadable("cannot_read", f"no such file: {path}") from error
    data = read_file(whole.parent, whole.name, limit)
    if data is None:
        raise Unreadable("cannot_read", f"no such file: {path}")
    return data


def _vkeys(given: Sequence[str]) -> list[str]:
    found: list[str] = []
    for one in given:
        if not one.startswith("@"):
            found.append(one)
            continue
        text = _read(Path(one[1:]), KEY_FILE_BYTES_MAX).decode("utf-8", "replace")
        found += [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return found


def _trust(options: argparse.Namespace) -> Trust:
    return Trust.of(
        _vkeys(options.key),
        witnesses=_vkeys(options.witness),
        quorum=options.quorum,
        log_quorum=1 if options.any_key else None,
        origin=options.origin,
    )


def _time(nanoseconds: int) -> str:
    seconds, rest = divmod(nanoseconds, 10**9)
    try:
        return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest:09d}Z"
    except (ValueError, OverflowError, OSError):
        return f"{seconds} s after 1970"


def _receipt(options: argparse.Namespace) -> Answer:
    leaf = _read(options.leaf, LEAF_BYTES_MAX) if options.leaf else None
    proved = verify_receipt(_read(options.receipt, RECEIPT_BYTES_MAX), leaf, _trust(options))
    plain: dict[str, object] = {
        "ok": True,
        "index": proved.index,
        "size": proved.size,
        "origin": proved.checkpoint.body.origin,
        "witnesses": proved.checkpoint.witnesses,
    }
    lines = [f"VERIFIED: entry {proved.index} is in the log {plain['origin']} of {proved.size} entries."]
    if len(proved.leaf) == ENTRY_BYTES:
        plain["entry"] = said = decode(proved.leaf)
        lines += [f"  {name}: {value}" for name, value in said.items()]
    lines += [f"Witnesses: {', '.join(proved.checkpoint.witnesses) or 'none asked for'}."]
    return HOLDS, plain, [*lines, f"结论：通过验证，第 {proved.index} 号记录确在日志之中。"]


def _consistency(options: argparse.Namespace) -> Answer:
    old, new = verify_consistency(
        _read(options.earlier, NOTE_BYTES_MAX), _read(options.proof, CONSISTENCY_BYTES_MAX), _trust(options)
    )
    plain = {"ok": True, "origin": new.body.origin, "old_size": old.body.size, "new_size": new.body.size}
    return (
        HOLDS,
        plain,
        [
            f"VERIFIED: the log {new.body.origin} of {new.body.size} entries begins with the earlier "
            f"{old.body.size} entries, unchanged.",
            "结论：通过验证，日志只增未改。",
        ],
    )


def _log(options: argparse.Namespace) -> Answer:
    report = verify_log_directory(
        options.directory,
        _trust(options),
        replay=not options.no_replay,
        earlier=[_read(path, NOTE_BYTES_MAX) for path in options.earlier],
        live=options.live,
        progress=_progress if sys.stderr.isatty() and not options.json else None,
    )
    return (HOLDS if report.ok else DOES_NOT_HOLD), report.as_json(), _log_lines(report)


def _progress(done: int, total: int) -> None:
    sys.stderr.write(f"\r{done:,} of {total:,} entries" + ("\n" if done == total else ""))
    sys.stderr.flush()


def _log_lines(report: LogReport) -> list[str]:
    lines = [f"Log {report.origin or '?'}: {report.size} entries, root {report.root or '?'}"]
    lines += [f"  signed by {signer}" for signer in report.signed_by]
    lines += [f"  cosigned by {name} at {_time(at * 10**9)}" for name, at in report.witnesses.items()]
    lines += [
        f"Read {report.bundles} bundles and {report.tiles} tiles, {report.earlier_partials} files of earlier "
        f"checkpoints; {report.earlier_checkpoints} earlier checkpoints continued; {report.seconds:.1f} s."
    ]
    if report.replayed:
        kinds = ", ".join(f"{count} {kind}" for kind, count in report.entries_by_kind.items())
        lines += [f"Replayed: {kinds}; {report.open_pending} holds open."]
    for number, sums in sorted(report.ledgers.items()):
        lines += [
            f"  ledger {number}: {sums.accounts} accounts, debits {sums.debits_posted} = credits "
            f"{sums.credits_posted}, held {sums.debits_pending} = {sums.credits_pending}"
            if (sums.debits_posted, sums.debits_pending) == (sums.credits_posted, sums.credits_pending)
            else f"  ledger {number}: OUT OF BALANCE"
        ]
    lines += [f"FAULT {finding.where}: {finding.message} [{finding.code}]" for finding in report.findings]
    if report.ok:
        return [*lines, "VERIFIED: every file is accounted for.", "结论：通过验证，日志完整，逐笔重算一致。"]
    if report.findings_total > len(report.findings):
        lines += [f"… and {report.findings_total - len(report.findings)} more."]
    return [
        *lines,
        f"NOT VERIFIED: {report.findings_total} faults.",
        f"结论：未通过验证，共 {report.findings_total} 处不符。",
    ]


def _folder(options: argparse.Namespace, check: Callable[[Path, Trust | None], Checks]) -> Answer:
    found = check(options.path, _trust(options) if options.key else None)
    plain: dict[str, object] = {
        "ok": found.ok,
        "checks": [
            {"ok": held, "english": english, "chinese": chinese} for held, english, chinese in found.lines
        ],
        "warnings": [{"english": english, "chinese": chinese} for english, chinese in found.warnings],
    }
    lines = [
        line
        for held, english, chinese in found.lines
        for line in (f"{'ok   ' if held else 'FAULT'} {english}", f"      {chinese}")
    ]
    lines += [
        line for english, chinese in found.warnings for line in (f"NOTE  {english}", f"      {chinese}")
    ]
    if found.ok and not options.key:
        return (
            HOLDS,
            plain,
            [
                *lines,
                "VERIFIED BY ITS OWN KEY: nothing was changed since it was sealed, and the totals are one.",
                "结论：以自带公钥验证通过，封存后未被改动，合计一致；来源须另行核对公钥。",
            ],
        )
    if found.ok:
        return (
            HOLDS,
            plain,
            [
                *lines,
                "VERIFIED: nothing was changed, and the totals are one.",
                "结论：通过验证，内容未被改动，合计一致。",
            ],
        )
    faults = sum(not held for held, _, _ in found.lines)
    return (
        DOES_NOT_HOLD,
        plain,
        [*lines, f"NOT VERIFIED: {faults} faults.", f"结论：未通过验证，共 {faults} 处不符，请勿采信。"],
    )


def _balance(options: argparse.Namespace) -> Answer:
    expected = Expected(options.customer, options.balance, options.entity, options.currency, options.day)
    data = _read(options.receipt, BALANCE_RECEIPT_BYTES_MAX)
    proved = verify_balance_receipt(data, _trust(options), expected)
    if options.list:
        check_listed(proved, parse_list(_read(options.list, LIST_BYTES_MAX)))
    attested, checkpoint = proved.attested, proved.sealed.checkpoint
    plain: dict[str, object] = {
        "ok": True,
        "customer": proved.customer,
        "balance": str(proved.balance),
        "entity": proved.entity,
        "currency": proved.currency,
        "day": attested.day,
        "as_of": _time(proved.as_of),
        "customers": proved.customers,
        "liabilities": str(proved.liabilities),
        "floored": str(attested.floored),
        "root": attested.root.hex(),
        "ledger_size": proved.ledger_size,
        "sealed_at": proved.sealed.index,
        "witnesses": checkpoint.witnesses,
        "listed": bool(options.list),
        "not_proven": [english for english, _ in proved.limits],
    }
    lines = [
        f"VERIFIED: customer {proved.customer} is owed {proved.balance} minor units of {proved.currency} by legal "
        f"entity {proved.entity} on {attested.day} (as of {plain['as_of']}).",
        f"This is part of {proved.liabilities} owed to {proved.customers} customers, sealed as entry "
        f"{proved.sealed.index} of the log {checkpoint.body.origin}.",
        f"Witnesses: {', '.join(checkpoint.witnesses) or 'none asked for'}."
        + (" Same as the published list." if options.list else ""),
        "Compare the customer, the balance and the day with what you know. What this does not prove:",
        *(f"  - {english}" for english, _ in proved.limits),
        f"结论：通过验证。客户 {proved.customer} 于 {attested.day} 的余额为 {proved.balance}"
        f"（{proved.currency} 最小单位）。本凭证不证明：",
        *(f"  - {chinese}" for _, chinese in proved.limits),
    ]
    return HOLDS, plain, lines


def _attestations(options: argparse.Namespace) -> Answer:
    progress = _progress if sys.stderr.isatty() and not options.json else None
    listed = verify_attestations(options.directory, _trust(options), progress=progress)
    shown = [
        {
            "entry": one.entry,
            "entity": one.attested.entity,
            "currency": one.attested.currency,
            "day": one.attested.day,
            "customers": one.attested.customers,
            "liabilities": str(one.attested.liabilities),
            "root": one.attested.root.hex(),
        }
        for one in listed
    ]
    lines = [
        f"  {one['day']} entity {one['entity']} {one['currency']}: {one['liabilities']} owed to {one['customers']} "
        f"customers, entry {one['entry']}, root {one['root']}"
        for one in shown
    ]
    return (
        HOLDS,
        {"ok": True, "attestations": shown},
        [
            *lines,
            f"VERIFIED: {len(listed)} attestations; each is sealed in the log, each seal is published, each day once.",
            f"结论：通过验证，共 {len(listed)} 份证明，均已封存且全部公布，每日仅一份。",
        ],
    )
