"""The registry of models: who made what of which data, who let it decide, and who decided otherwise.

Rules (K11):

1. A model's way is candidate → shadow → champion → retired; from candidate or shadow it may be retired at once. There
   is one champion at most a purpose: making one retires the other, in the same transaction.
2. Every step up is asked for by one person (maker) and confirmed by another (checker): owner and maker are never the
   checker, whatever the capitals of their ids. Retiring takes one person; `roll_back` makes the champion before
   champion again at once, and takes two persons as well.
3. A registered model is its bytes: they are read and checked, and its name is their SHA-256. The record (data, code and
   feature digests, recipe, metrics, label delay) comes from them; owner, purpose and the threshold in use stand beside.
4. Who overrides a model's answer says what was decided instead, and why; the log only grows.
5. Each act is a canonical JSON document that names the act before it of the same model; its SHA-256 is sealed in the
   log under `SEAL_TOPIC_MODELS` before the state changes.

Example::

    registry = Registry(ledger, database, clock=time.time_ns)
    number = registry.register(raw, purpose="cards", owner="risk-1", threshold=2.5).number
    registry.ask(number, State.SHADOW, by="risk-1")
    registry.confirm(number, by="head-2")
"""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    func,
    insert,
    select,
    text,
    update,
)
from sqlalchemy.engine import Row
from sqlalchemy.exc import IntegrityError

from jinku.base.canonical import canonical_json
from jinku.base.clock import Clock, to_rfc3339
from jinku.base.database import Database
from jinku.base.persons import PERSON, same_person
from jinku.ledger.sealed import SealingLedger, is_sealed
from jinku.risk.acts.book import ActBook
from jinku.risk.acts.two import TwoPersons
from jinku.risk.models.errors import ModelStep, ModelUnknown
from jinku.risk.models.record import Model

SEAL_TOPIC_MODELS = 13
ROLLBACKS = "model_rollback"
"""The histories of rollbacks, which two persons make."""
TEXT_CHARACTERS_MAX = 1_000
SHOWN_MAX = 1_000

MODELS = MetaData()
_MODEL = Table(
    "risk_model",
    MODELS,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("digest", String(64), nullable=False, unique=True),
    Column("purpose", String(64), nullable=False, index=True),
    Column("owner", String(64), nullable=False),
    Column("threshold", Float(53), nullable=False),
    Column("state", String(16), nullable=False, index=True),
    Column("asked_state", String(16), nullable=False),
    Column("asked_by", String(64), nullable=False),
    Column("champion_since", BigInteger, nullable=False),
    Column("raw", LargeBinary, nullable=False),
    Index(
        "risk_model_one_champion",
        "purpose",
        unique=True,
        sqlite_where=text("state = 'champion'"),
        postgresql_where=text("state = 'champion'"),
    ),
)
_ACT = Table(
    "risk_model_act",
    MODELS,
    Column("model", Integer, primary_key=True, autoincrement=False),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("document", Text, nullable=False),
    Column("sealed_entry", BigInteger, nullable=False),
)


class State(StrEnum):
    """Where a model stands."""

    CANDIDATE = "candidate"
    SHADOW = "shadow"
    """Scores beside the champion; its answers change nothing."""
    CHAMPION = "champion"
    RETIRED = "retired"


UP = {State.CANDIDATE: State.SHADOW, State.SHADOW: State.CHAMPION}
"""The step that each state may ask for."""


@dataclass(frozen=True, slots=True)
class Registered:
    """A model as the registry has it."""

    number: int
    digest: str
    purpose: str
    owner: str
    threshold: float
    state: State
    asked_state: State | None
    asked_by: str

    def document(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "number": self.number,
            "model": self.digest,
            "purpose": self.purpose,
            "owner": self.owner,
            "threshold": self.threshold,
            "state": self.state.value,
            "asked_state": self.asked_state.value if self.asked_state else None,
            "asked_by": self.asked_by or None,
        }


@dataclass(frozen=True, slots=True)
class Override:
    """A person decided otherwise than the model."""

    subject: str
    """The decision's opaque id."""
    answer: str
    """The outcome that the model gave."""
    instead: str
    """The outcome that was decided."""
    reason: str


class Registry:
    """See the module's rules."""

    def __init__(self, ledger: SealingLedger, database: Database, *, clock: Clock) -> None:
        database.add(MODELS)
        self._ledger, self._database, self._clock = ledger, database, clock
        self._two = TwoPersons(ActBook(database, ledger, clock), ROLLBACKS)

    def register(self, raw: bytes, *, purpose: str, owner: str, threshold: float) -> Registered:
        """Take in a model as candidate. Raises BadModel, ModelStep where it is there already or a text does not fit."""
        model = Model.from_bytes(raw)
        _persons(owner, purpose)
        if not -1e9 < threshold < 1e9:
            raise ModelStep(f"a threshold of {threshold} is no score")
        with self._writing() as connection:
            digest = model.digest.hex()
            if connection.execute(select(_MODEL.c.number).where(_MODEL.c.digest == digest)).first():
                raise ModelStep(f"the model {digest[:12]} is registered already")
            number = (connection.execute(select(func.max(_MODEL.c.number))).scalar_one() or 0) + 1
            values = {
                "number": number,
                "digest": digest,
                "purpose": purpose,
                "owner": owner,
                "threshold": threshold,
                "state": State.CANDIDATE.value,
                "asked_state": "",
                "asked_by": "",
                "champion_since": 0,
                "raw": raw,
            }
            said = {
                "purpose": purpose,
                "threshold": repr(threshold),
                "model": digest,
                **model.head()["origin"],
            }
            self._act(connection, number, owner, "registered", said)
            connection.execute(insert(_MODEL), [values])
            return _of(self._row(connection, number))

    def ask(self, number: int, state: State, *, by: str) -> Registered:
        """Ask for the next step up. Raises ModelUnknown, ModelStep."""
        _persons(by)
        with self._writing() as connection:
            row = self._row(connection, number)
            if UP.get(State(row.state)) is not state:
                raise ModelStep(f"model {number} is {row.state}; it does not become {state.value} from there")
            self._act(connection, number, by, "asked", {"state": state.value})
            self._set(connection, number, asked_state=state.value, asked_by=by)
            return _of(self._row(connection, number))

    def confirm(self, number: int, *, by: str) -> Registered:
        """Confirm what was asked, as another person. Raises ModelUnknown, ModelStep."""
        _persons(by)
        with self._writing() as connection:
            row = self._row(connection, number)
            if not row.asked_state:
                raise ModelStep(f"nothing is asked for model {number}")
            if same_person(by, row.asked_by, row.owner):
                raise ModelStep(
                    f"{by} owns model {number} or asked for the step", remedy="another person confirms"
                )
            self._act(
                connection, number, by, "confirmed", {"state": row.asked_state, "asked_by": row.asked_by}
            )
            self._enter(connection, row, State(row.asked_state), by)
            return _of(self._row(connection, number))

    def retire(self, number: int, *, by: str, reason: str) -> Registered:
        """Take a model out of use; for good. Raises ModelUnknown, ModelStep."""
        _persons(by)
        with self._writing() as connection:
            row = self._row(connection, number)
            if row.state == State.RETIRED:
                raise ModelStep(f"model {number} is retired already")
            self._act(connection, number, by, "retired", {"reason": _text(reason)})
            self._set(connection, number, state=State.RETIRED.value, asked_state="", asked_by="")
            return _of(self._row(connection, number))

    def roll_back(self, purpose: str, *, by: str, reason: str) -> Registered | None:
        """Propose that the champion before is champion again, or confirm what another person proposed; None where it is
        proposed. Raises ModelStep where there is none, SecondPerson."""
        _persons(by)
        _text(reason)
        with self._database.reading() as connection:
            before = self._before(connection, purpose)
        proposal = self._two.asked(f"model-{purpose}", {"to": str(before.number)}, by=by, text=reason)
        if proposal is None:
            return None
        with self._writing() as connection:
            row = self._before(connection, purpose)
            if row.number != before.number:
                raise ModelStep(f"the champions of {purpose} changed meanwhile", remedy="propose it again")
            said = {"asked_by": proposal.by, "reason": str(proposal.body["text"])}
            self._act(connection, row.number, by, "rolled_back", said)
            self._enter(connection, row, State.CHAMPION, by)
            return _of(self._row(connection, row.number))

    def _before(self, connection: Connection, purpose: str) -> Row[Any]:
        """The champion before of a purpose. Raises ModelStep where there is none."""
        query = (
            select(_MODEL)
            .where((_MODEL.c.purpose == purpose) & (_MODEL.c.champion_since > 0))
            .where(_MODEL.c.state == State.RETIRED.value)
            .order_by(_MODEL.c.champion_since.desc())
            .limit(1)
            .with_for_update()
        )
        row = connection.execute(query).first()
        if row is None:
            raise ModelStep(f"{purpose} has had no champion before")
        return row

    def override(self, number: int, said: "Override", *, by: str) -> int:
        """Note that a person decided otherwise than the model; the act's number. Raises ModelUnknown, ModelStep."""
        _persons(by, said.subject)
        for words in (said.answer, said.instead, said.reason):
            _text(words)
        with self._writing() as connection:
            self._row(connection, number)
            return self._act(connection, number, by, "overridden", asdict(said))

    def show(self, number: int) -> Registered:
        """One model. Raises ModelUnknown."""
        with self._database.reading() as connection:
            return _of(self._row(connection, number))

    def model(self, number: int) -> Model:
        """Its checked bytes. Raises ModelUnknown, BadModel, ModelStep where they are not what was registered."""
        with self._database.reading() as connection:
            row = self._row(connection, number)
        model = Model.from_bytes(bytes(row.raw))
        if model.digest.hex() != row.digest:
            raise ModelStep(f"the bytes of model {number} are not those that were registered")
        return model

    def champion(self, purpose: str) -> Registered | None:
        """The model that decides."""
        with self._database.reading() as connection:
            chosen = (_MODEL.c.purpose == purpose) & (_MODEL.c.state == State.CHAMPION.value)
            row = connection.execute(select(_MODEL).where(chosen)).first()
            return _of(row) if row else None

    def listed(self, purpose: str | None = None) -> list[Registered]:
        """The newest models, at most `SHOWN_MAX`, of one purpose or all."""
        query = select(_MODEL).order_by(_MODEL.c.number.desc()).limit(SHOWN_MAX)
        if purpose is not None:
            query = query.where(_MODEL.c.purpose == purpose)
        with self._database.reading() as connection:
            return [_of(row) for row in connection.execute(query)]

    def acts(self, number: int) -> list[dict[str, Any]]:
        """All that was done with a model, in order; each with its log entry."""
        with self._database.reading() as connection:
            query = select(_ACT).where(_ACT.c.model == number).order_by(_ACT.c.number)
            rows = connection.execute(query).all()
        return [{**json.loads(row.document), "sealed_entry": row.sealed_entry} for row in rows]

    def prove(self, number: int) -> None:
        """Compare a model's bytes, threshold and state with its sealed acts: control data can be written by whoever has
        the disk. Raises ModelUnknown, BadModel, ModelStep."""
        shown, acts = self.show(number), self.acts(number)
        state, asked, before = "", ("", ""), None
        for act in acts:
            document = canonical_json({name: value for name, value in act.items() if name != "sealed_entry"})
            digest = hashlib.sha256(document)
            if act["before"] != before or not is_sealed(
                self._ledger, act["sealed_entry"], digest.digest(), SEAL_TOPIC_MODELS
            ):
                raise ModelStep(f"act {act['number']} of model {number} is not what the log seals")
            before, said = digest.hexdigest(), act["said"]
            match act["act"]:
                case "registered":
                    state = State.CANDIDATE.value
                case "asked":
                    asked = said["state"], act["by"]
                case "confirmed" if asked == (said["state"], said["asked_by"]):
                    state = said["state"]
                case "retired":
                    state = State.RETIRED.value
                case "rolled_back":
                    state = State.CHAMPION.value
        first = acts[0]["said"] if acts else {}
        known = first.get("model"), float(first.get("threshold", "nan")), first.get("purpose"), state
        if known != (shown.digest, shown.threshold, shown.purpose, shown.state.value):
            raise ModelStep(f"model {number} is not what its sealed acts say", remedy="restore the database")
        self.model(number)

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        """One transaction; of two at once that meet, one is refused."""
        try:
            with self._database.writing() as connection:
                yield connection
        except IntegrityError:
            raise ModelStep("another person changed the registry meanwhile", remedy="look again") from None

    def _enter(self, connection: Connection, row: Row[Any], state: State, by: str) -> None:
        since = row.champion_since
        if state is State.CHAMPION:
            since = self._clock()
            chosen = (_MODEL.c.purpose == row.purpose) & (_MODEL.c.state == State.CHAMPION.value)
            for before in connection.execute(select(_MODEL.c.number).where(chosen).with_for_update()).all():
                self._act(
                    connection, before.number, by, "retired", {"reason": f"model {row.number} is champion"}
                )
                self._set(connection, before.number, state=State.RETIRED.value, asked_state="", asked_by="")
        self._set(
            connection, row.number, state=state.value, asked_state="", asked_by="", champion_since=since
        )

    def _set(self, connection: Connection, number: int, **values: object) -> None:
        connection.execute(update(_MODEL).where(_MODEL.c.number == number).values(values))

    def _row(self, connection: Connection, number: int) -> Row[Any]:
        row = connection.execute(select(_MODEL).where(_MODEL.c.number == number).with_for_update()).first()
        if row is None:
            raise ModelUnknown(f"there is no model {number}", remedy="look at `jinku risk model list`")
        return row

    def _act(self, connection: Connection, model: int, by: str, what: str, said: dict[str, Any]) -> int:
        """Seal and keep one more act of a model (rule 5)."""
        newest = select(_ACT).where(_ACT.c.model == model).order_by(_ACT.c.number.desc()).limit(1)
        before = connection.execute(newest).first()
        number = before.number + 1 if before else 1
        document = canonical_json(
            {
                "act": what,
                "at": to_rfc3339(self._clock()),
                "before": hashlib.sha256(before.document.encode()).hexdigest() if before else None,
                "by": by,
                "model_number": model,
                "number": number,
                "said": said,
            }
        )
        entry, _ = self._ledger.seal(hashlib.sha256(document).digest(), SEAL_TOPIC_MODELS)
        values = {"model": model, "number": number, "document": document.decode(), "sealed_entry": entry}
        connection.execute(insert(_ACT), [values])
        return number


def _of(row: Row[Any]) -> Registered:
    return Registered(
        row.number,
        row.digest,
        row.purpose,
        row.owner,
        row.threshold,
        State(row.state),
        State(row.asked_state) if row.asked_state else None,
        row.asked_by,
    )


def _persons(*names: str) -> None:
    for name in names:
        if not PERSON.fullmatch(name):
            raise ModelStep("an id is not 1 to 64 of A-Z a-z 0-9 . _ -", remedy="use the opaque id")


def _text(words: str) -> str:
    if not words.strip() or len(words) > TEXT_CHARACTERS_MAX or not words.isprintable():
        raise ModelStep(f"a reason is 1 to {TEXT_CHARACTERS_MAX} characters in one line")
    return words
