"""The pack's pages for people without any program: README.txt and index.html, in Chinese and English.

Rules: plain text and static HTML without script or anything from elsewhere; every value is escaped.

Example::

    (folder / "README.txt").write_text(readme(facts), "utf-8")
"""

from dataclasses import dataclass
from html import escape

from jinku.custody.inert import visible
from jinku.custody.reports.section import Both, Section

KEEP_SECRET = Both(
    "This pack holds personal data and balances. Keep it secret, give it only to whoever must have it.",
    "本资料包含个人信息与余额，请严格保密，仅提供给依法应知悉者。",
)
REDACTED = Both(
    "This is the redacted variant: owners are numbers, without names, identifiers, cards, phones or addresses.",
    "本包为脱敏版本：权益人仅以编号列示，不含姓名、证件、银行卡、电话与地址。",
)


@dataclass(frozen=True, slots=True)
class Facts:
    """What the pages say."""

    name: Both
    as_of: str
    ledger_size: int
    origin: str
    keys: tuple[str, ...]
    contact: str
    redacted: bool
    totals: tuple[tuple[str, str, str], ...]
    """(Books, owners, requirement) as text."""
    tables: tuple[tuple[Section, int], ...]
    """Each table and its number of rows."""
    papers: tuple[tuple[str, Both], ...]
    """Path and title of every other file worth naming."""
    notes: tuple[Both, ...]
    """What a reader must know: fonts missing, settings not filled in."""


def readme(facts: Facts) -> str:
    """README.txt."""
    lines = [
        "RESOLUTION PACK 处置资料包",
        "=" * 78,
        f"{facts.name.en} {facts.name.zh if facts.name.zh != facts.name.en else ''}".rstrip(),
        f"As of 截至      {facts.as_of}  (entry {facts.ledger_size:,} of the log {facts.origin})",
        f"Ask 联系        {facts.contact or 'NOT FILLED IN: [institution] contact in resolution.toml 未填写'}",
        "",
        *([REDACTED.zh, REDACTED.en] if facts.redacted else [KEEP_SECRET.zh, KEEP_SECRET.en]),
        "",
        "WHAT IS OWED 应付客户资金",
        *(f"  {books:<24} {owners:>12} owners 户   {owed:>24}" for books, owners, owed in facts.totals),
        "",
        "START HERE 从这里开始",
        "  1. Open index.html in any browser, or the PDF in your language.",
        "     用任意浏览器打开 index.html，或打开 PDF。",
        "  2. Check that nothing was changed (Python 3.11 or newer):",
        "     核验未被改动（Python 3.11 以上）：",
        "",
        "         python3 verify.pyz pack .",
        "",
        "     Signatures are checked by the Python package cryptography or the program openssl, whichever is there. If",
        "     neither is, the last lines name what to type on another machine.",
        "     签名由 Python 的 cryptography 或 openssl 程序核验；两者均无时，末行给出可在其他机器上执行的命令。",
        "",
        "     To know that it is this institution's, give the log's key that the custodian bank, the auditor or",
        "     the supervisor holds 以存管行、审计师或监管机构持有的公钥核验来源：",
        "",
        "         python3 verify.pyz pack . --key KEY",
        "",
        "     Without Python: compare the SHA-256 of any file with manifest.json (Windows: certutil -hashfile",
        "     FILE SHA256; macOS: shasum -a 256 FILE; Linux: sha256sum FILE). 无 Python 时可用上述命令比对摘要。",
        "     Whoever changes a pack could change its verifier too: one from "
        "elsewhere is better (the bank's daily owners'",
        "     folder has it), or compare its SHA-256. 改动资料包者亦可能改动校验程序，请优先使用其他来源的校验程序。",
        "  3. Open tables/owners.csv with any spreadsheet: UTF-8, "
        "comma-separated, one heading line. The same rows with",
        "     types are in tables/owners.parquet. What each column means: tables/columns.csv.",
        "     Account, identifier, card and phone are text: when importing into a "
        "spreadsheet, choose Text for them, since",
        "     a spreadsheet rounds numbers of more than 15 digits. 导入时请将账户、"
        "证件号、银行卡、电话列设为文本，否则超过",
        "     15 位的数字会被舍入。用电子表格打开 tables/owners.csv；列含义见 tables/columns.csv。",
        "",
        "WHAT IS HERE 目录",
        *(f"  {path:<34} {title.en} {title.zh}" for path, title in facts.papers),
        *(
            f"  tables/{one.name + '.csv':<27} {one.title.en} {one.title.zh} ({count:,} rows 行)"
            for one, count in facts.tables
        ),
        "",
        "WHAT TO KNOW 须知",
        *(line for note in facts.notes for line in (f"  - {note.en}", f"    {note.zh}")),
        "",
        "THE LOG'S KEY IN THIS PACK 资料包内的日志公钥 (compare it 请核对)",
        *(f"  {key}" for key in facts.keys),
    ]
    return "\r\n".join(visible(line) for line in lines) + "\r\n"


_STYLE = (
    "body{font:15px/1.6 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#222}"
    "h1{color:#1f4e79}h2{color:#1f4e79;margin-top:2rem}table{border-collapse:collapse;width:100%}"
    "td,th{border-bottom:1px solid #ddd;padding:.35rem .5rem;text-align:left;vertical-align:top}"
    "td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}code,pre{background:#f4f4f4;padding:.1rem .3rem}"
    ".warn{background:#fdf2e9;border-left:4px solid #b03a2e;padding:.6rem 1rem}.key{word-break:break-all}"
)


def index_html(facts: Facts) -> str:
    """index.html."""
    warn = REDACTED if facts.redacted else KEEP_SECRET
    totals = "".join(
        f"<tr><td>{_e(books)}</td><td class=n>{_e(owners)}</td><td class=n>{_e(owed)}</td></tr>"
        for books, owners, owed in facts.totals
    )
    papers = "".join(
        f'<tr><td><a href="{_e(path)}">{_e(path)}</a></td><td>{_e(title.en)} {_e(title.zh)}</td></tr>'
        for path, title in facts.papers
    )
    tables = "".join(
        f'<tr><td>{_e(one.title.en)} {_e(one.title.zh)}</td><td><a href="tables/{one.name}.csv">CSV</a> '
        f'<a href="tables/{one.name}.parquet">Parquet</a></td><td class=n>{count:,}</td>'
        f"<td>{_e((one.note if count else one.empty).en)} {_e((one.note if count else one.empty).zh)}</td></tr>"
        for one, count in facts.tables
    )
    notes = "".join(f"<li>{_e(note.en)} {_e(note.zh)}</li>" for note in facts.notes)
    keys = "".join(f"<div class=key><code>{_e(key)}</code></div>" for key in facts.keys)
    return (
        '<!doctype html><html lang="zh-CN"><head><meta charset="utf-8">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        '<meta name="viewport" content="width=device-width"><title>Resolution pack</title>'
        f"<style>{_STYLE}</style></head>"
        f"<body><h1>Resolution pack 处置资料包</h1><p><b>{_e(facts.name.en)}</b> {_e(facts.name.zh)}<br>"
        f"As of 截至 {_e(facts.as_of)} · log entry 日志序号 {facts.ledger_size:,} · {_e(facts.origin)}<br>"
        f"Ask 联系: {_e(facts.contact or 'NOT FILLED IN 未填写')}</p>"
        f"<p class=warn>{_e(warn.en)}<br>{_e(warn.zh)}</p>"
        "<h2>What is owed 应付客户资金</h2><table><tr><th>Books 账簿</th><th class=n>Owners 户数</th>"
        f"<th class=n>Requirement 应存</th></tr>{totals}</table>"
        "<h2>Check it 核验</h2><pre>python3 verify.pyz pack .</pre>"
        f"<p>The log's key in this pack; compare it with the bank's. "
        f"资料包内的日志公钥，请与存管行持有的核对：</p>{keys}"
        f"<h2>Papers 文件</h2><table>{papers}</table>"
        "<h2>Tables 数据表</h2><table><tr><th>Table 表</th><th>Files</th><th class=n>Rows 行</th><th></th></tr>"
        f"{tables}</table><h2>What to know 须知</h2><ul>{notes}</ul></body></html>\n"
    )


def _e(text: str) -> str:
    return escape(visible(text), quote=True)
