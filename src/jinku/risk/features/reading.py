"""From a feature table (TOML or CSV) to a checked `FeatureSet`; whatever does not fit is one clear error.

Rules:

1. TOML: a table ``[set]`` (name, version, schema) and ``[[feature]]`` rows. CSV: the same column names as a header, an
   empty cell where a row has nothing; its set is named by the file, version 1, schema payments.
2. Columns: name, meaning, hidden; for a base feature aggregate, key, history, of, filter, stream, window or windows,
   base (of ratio), reset (of streak), hops (of cycle), delay, current; for a derived one expression alone.
3. ``windows = ["1h", "1d"]`` makes one feature a window; ``{window}`` in name and meaning stands for it.
4. ``key`` and ``history`` are one field or several: a list, in CSV joined by ``+``.
5. A length is a number with s, m, h or d ("90s", "15m", "1h", "30d"); a calendar window is day, week or month.
6. A row may name only features above it.
7. ``labels = "events"`` in ``[set]``: outcomes arrive as label events, and rows with a delay read those
   (`jinku.risk.features.live`). Without it, or ``"column"``: they are read from the payment itself, late.

Example::

    features = load("payments")             # one that comes with the package
    features = load(Path("my-features.toml"))
"""

import csv
import io
import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinku.risk.events.schema import SCHEMAS, EventSchema
from jinku.risk.features.building import Builder
from jinku.risk.features.definition import FEATURES_MAX, FeatureSet
from jinku.risk.features.errors import BadFeatures
from jinku.risk.features.live import live_rows

FILE_BYTES_MAX = 1 << 20
BUILT_IN = ("payments", "laundering", "cards", "cards_live")

_LIVE = "_live"
_SET = frozenset({"name", "version", "schema", "labels"})


def load(source: str | Path) -> FeatureSet:
    """The feature set of a file (.toml or .csv), or the built-in one of this name. Raises BadFeatures."""
    if isinstance(source, str) and source in BUILT_IN:
        return parse_toml(built_in_text(source), f"{source}.toml")
    path = Path(source)
    try:
        with path.open("rb") as stream:
            raw = stream.read(FILE_BYTES_MAX + 1)
    except OSError as error:
        raise BadFeatures(
            f"cannot be read: {error.strerror}",
            file=path.name,
            remedy=f"name a file, or one of {', '.join(BUILT_IN)}",
        ) from None
    if len(raw) > FILE_BYTES_MAX:
        raise BadFeatures(f"has more than {FILE_BYTES_MAX} bytes", file=path.name)
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise BadFeatures("is not UTF-8", file=path.name) from None
    return parse_csv(text, path.name) if path.suffix.lower() == ".csv" else parse_toml(text, path.name)


def built_in_text(name: str) -> str:
    """The text of a set of `BUILT_IN`; one named ``…_live`` is the other with its labels as events (rule 7)."""
    table = name.removesuffix(_LIVE)
    text = files("jinku.risk.features").joinpath("sets", f"{table}.toml").read_text(encoding="utf-8")
    return text if table == name else text.replace("[set]\n", '[set]\nlabels = "events"\n', 1)


def parse_toml(text: str, file: str = "") -> FeatureSet:
    """The set of a TOML table; `file` names it in errors. Raises BadFeatures."""
    try:
        document = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadFeatures(f"is no TOML: {error}", file=file) from None
    head, rows = document.get("set"), document.get("feature")
    for name in document.keys() - {"set", "feature"}:
        raise BadFeatures("is neither set nor feature", file=file, field="table", value=name[:60])
    if not isinstance(head, dict) or not isinstance(rows, list) or not all(isinstance(r, dict) for r in rows):
        raise BadFeatures("needs one [set] and [[feature]] rows", file=file)
    for name in head.keys() - _SET:
        raise BadFeatures("is not known", file=file, field="set", value=name[:60])
    return _built(head, rows, file)


def parse_csv(text: str, file: str = "") -> FeatureSet:
    """The set of a CSV table; `file` names it, and the set. Raises BadFeatures."""
    rows: list[dict[str, Any]] = []
    try:
        reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
        for row in reader:
            if None in row or None in row.values():
                raise BadFeatures("has not as many cells as the header", file=file, line=reader.line_num)
            rows.append(
                {
                    str(name).strip(): _cell(str(name), cell.strip())
                    for name, cell in row.items()
                    if cell.strip()
                }
            )
    except csv.Error as error:
        raise BadFeatures(f"is no CSV: {error}", file=file) from None
    return _built({"name": Path(file).stem or "features", "version": 1}, rows, file)


def _cell(name: str, text: str) -> Any:
    if name in ("key", "history"):
        return text.split("+")
    if name == "windows":
        return text.split()
    if name in ("hidden", "current") and text in ("true", "false"):
        return text == "true"
    if name == "hops" and text.isascii() and text.isdigit():
        return int(text)
    return text


def _built(head: dict[str, Any], rows: list[dict[str, Any]], file: str) -> FeatureSet:
    name, version = head.get("name"), head.get("version", 1)
    if not isinstance(name, str) or not name or len(name) > 60:
        raise BadFeatures("is no name", file=file, field="set.name", value=str(name)[:60])
    if not isinstance(version, int) or isinstance(version, bool) or not 1 <= version < 1 << 31:
        raise BadFeatures("is no version number", file=file, field="set.version", value=str(version)[:60])
    if not rows:
        raise BadFeatures("has no feature", file=file)
    if len(rows) > FEATURES_MAX:
        raise BadFeatures(f"has {len(rows)} features, at most {FEATURES_MAX}", file=file)
    builder = Builder(_schema(head.get("schema", "payments"), file), file)
    for at, row in enumerate(rows, 1):
        builder.add(row, at)
    features = FeatureSet(name, version, builder.schema, tuple(builder.features))
    labels = head.get("labels", "column")
    if labels not in ("column", "events"):
        raise BadFeatures(
            "is neither column nor events", file=file, field="set.labels", value=str(labels)[:60]
        )
    if labels == "column":
        return features
    builder = Builder(features.schema, file)
    live_rows(features, builder.keep, file)
    return FeatureSet(name, version, features.schema, tuple(builder.features), features.digest)


def _schema(name: object, file: str) -> EventSchema:
    schema = SCHEMAS.get(name) if isinstance(name, str) else None
    if schema is None:
        raise BadFeatures(
            "is no schema",
            file=file,
            field="set.schema",
            value=str(name)[:60],
            remedy="known are " + ", ".join(SCHEMAS),
        )
    return schema
