"""The rating desk: customers rated in batches, grades by a person for a while, reviews when they are due.

Rules (K6):

1. A rating is kept with the profile that it was made of; a batch is one act with a digest of all its ratings, sealed.
2. A person's own grade (override) is proposed by one and approved by another, with a reason and a last day at most a
   year away; so is its end. The one in force stays until the other person has approved: who proposes alone changes
   nothing. A grade never goes below a floor that a list or a political office sets, when it is proposed, approved and
   used. When an override ends, the table's grade counts again.
3. `due` has whom to rate again, by the grade that counts and by expired documents. `columns` gives grade and identity
   of a batch of customers for the decisions.

Example::

    desk.rate([profile], "kyc-1")
    desk.propose_override(77, 4, date(2027, 3, 1), "kyc-1", "cash from a new shop")
    desk.approve_override("77", "head-1")
    desk.columns([77, 78], today)["grade"]
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, func, insert, select

from jinku.base.canonical import canonical_json
from jinku.base.clock import NS_PER_SECOND
from jinku.base.persons import same_person
from jinku.risk.acts.book import ActBook
from jinku.risk.acts.errors import ActTampered, BadAct
from jinku.risk.acts.model import Act, Standing, digest_of, words
from jinku.risk.rating.engine import Identity, Profile, Rating, Reason, identity_on, months_after, rate
from jinku.risk.rating.errors import RatingRefused, RatingUnknown
from jinku.risk.rating.store import RATING, RATINGS
from jinku.risk.rating.table import (
    GRADE_MAX,
    OVERRIDE_DAYS_MAX,
    POINTS,
    REVIEWS,
    Factor,
    Points,
    Review,
    review_row,
)

RUNS, OVERRIDE = "ratings", "override"
PROPOSE_END = "propose_end"
_ASKED_AT_ONCE = 400
RATED = np.dtype([("grade", "u1"), ("identity", "u1"), ("overridden", "?")])
"""The grade that counts (0: never rated), `Identity`, and whether a person's grade counts."""


@dataclass(frozen=True, slots=True)
class RatingParts:
    """What the desk goes by."""

    points: Sequence[Points] = POINTS
    reviews: Sequence[Review] = REVIEWS
    zone: str = "Asia/Shanghai"


class Override(NamedTuple):
    """A person's own grade of a customer."""

    customer: int
    grade: int
    until: date
    by: str
    text: str
    state: str
    """``proposed``, ``in_force``, ``ending`` (its end is proposed), ``refused`` or ``ended``."""
    approved_by: str = ""
    acts: int = 1


class Overrides(NamedTuple):
    """A customer's overrides as they stand."""

    newest: Override
    """What was asked for last: a grade that waits, or the one that it was about."""
    in_force: Override | None
    """What counts, until its last day."""
    asked_by: str = ""
    """Who proposed what waits for another person; empty where nothing does."""


class Counts(NamedTuple):
    """What counts for a customer on a day."""

    rating: Rating
    grade: int
    override: Override | None
    identity: Identity
    review: date


class RatingDesk:
    """See the module's rules."""

    def __init__(self, book: ActBook, parts: RatingParts | None = None) -> None:
        book.database.add(RATINGS)
        self._book, self._parts = book, parts or RatingParts()

    # --- rating ---------------------------------------------------------------------------------------------------

    def rate(self, profiles: Sequence[Profile], by: str) -> list[Rating]:
        """Rate customers today. Raises InputError, BadAct."""
        day = self.today()
        made = [(one, rate(one, day, self._parts.points, self._parts.reviews)) for one in profiles]
        if len({one.customer for one in profiles}) != len(profiles):
            raise BadAct("is named twice in one batch", field="customer", value="")
        if not made:
            return []
        with self._book.writing() as page:
            number = len(page.history(RUNS, RUNS)) + 1
            rows = [_row(number, profile, rating) for profile, rating in made]
            page.connection.execute(insert(RATING), rows)
            page.add((RUNS, RUNS), by, ("rate", _batch(rows)), Standing("kept"))
        return [rating for _, rating in made]

    def counts(self, customer: int, day: date) -> Counts:
        """What counts for a customer on `day`. Raises RatingUnknown."""
        with self._book.database.reading() as connection:
            row = _newest(connection, [customer]).get(customer)
        if row is None:
            raise RatingUnknown
        acts = self._book.history(OVERRIDE, str(customer))
        return self._counted(row, replay_overrides(acts).in_force if acts else None, day)

    def _counted(self, row: Any, override: Override | None, day: date) -> Counts:
        rating = _read(row)
        override = override if override and day <= override.until else None
        until = date.fromisoformat(row.identity_until) if row.identity_until else None
        grade = _grade(rating, override)
        months = review_row(self._parts.reviews, grade, rating.day).months
        review = min(rating.review, months_after(rating.day, months))
        if until is not None:
            review = min(review, until)
        return Counts(rating, grade, override, identity_on(until, day), review)

    def columns(self, customers: Sequence[int], day: date) -> NDArray[Any]:
        """``RATED`` rows for a batch of customers, in its order."""
        found = np.zeros(len(customers), RATED)
        with self._book.database.reading() as connection:
            rows = _newest(connection, customers)
        overrides = self._in_force()
        for place, customer in enumerate(customers):
            if customer in rows:
                counts = self._counted(rows[customer], overrides.get(customer), day)
                found[place] = (counts.grade, counts.identity, counts.override is not None)
        return found

    def grades(self, day: date) -> dict[int, int]:
        """The grade that counts on `day` of every customer that was rated."""
        with self._book.database.reading() as connection:
            rows = _newest(connection, None)
        overrides = self._in_force()
        return {
            customer: self._counted(row, overrides.get(customer), day).grade for customer, row in rows.items()
        }

    def due(self, day: date) -> list[Counts]:
        """Whom to rate again by `day`, the longest overdue first."""
        with self._book.database.reading() as connection:
            rows = _newest(connection, None)
        overrides = self._in_force()
        counted = [self._counted(row, overrides.get(customer), day) for customer, row in rows.items()]
        found = [one for one in counted if one.review <= day]
        return sorted(found, key=lambda one: (one.review, -one.grade, one.rating.customer))

    # --- a person's own grade -------------------------------------------------------------------------------------

    def propose_override(self, customer: int, grade: int, until: date, by: str, text: str) -> Override:
        """Propose a grade until a day. Raises RatingUnknown, RatingRefused, BadAct."""
        today = self.today()
        floor = max(one.floor for one in self.counts(customer, today).rating.reasons)
        if not floor <= grade <= GRADE_MAX:
            raise BadAct(f"is no grade of {floor} to {GRADE_MAX}", field="grade", value=grade)
        if not 0 <= (until - today).days <= OVERRIDE_DAYS_MAX:
            raise BadAct(f"lies not within {OVERRIDE_DAYS_MAX} days", field="until", value=until)
        body = {
            "customer": str(customer),
            "grade": grade,
            "until": until.isoformat(),
            "text": words("text", text),
        }
        return self._do(customer, by, "propose", body)

    def approve_override(self, customer: int, by: str) -> Override:
        """Approve what was proposed, a grade or an end, as another person. Raises RatingUnknown, RatingRefused."""
        return self._do(customer, by, "approve", {})

    def refuse_override(self, customer: int, by: str, text: str) -> Override:
        """Refuse what was proposed: what is in force stays. Raises what `approve_override` raises, BadAct."""
        return self._do(customer, by, "refuse", {"text": words("text", text)})

    def end_override(self, customer: int, by: str, text: str) -> Override:
        """Propose to end one that is in force; once another person has approved, the table's grade counts again.

        Raises RatingUnknown, RatingRefused, BadAct."""
        return self._do(customer, by, PROPOSE_END, {"text": words("text", text)})

    def override(self, customer: int) -> Override | None:
        """The newest override of a customer: what waits for a second person, else what was decided last."""
        acts = self._book.history(OVERRIDE, str(customer))
        return replay_overrides(acts).newest if acts else None

    def overrides(self) -> list[Override]:
        """The newest override of each customer that has one."""
        keys = self._book.keys(OVERRIDE)
        return [replay_overrides(acts).newest for acts in self._book.histories(OVERRIDE, keys)]

    def _in_force(self) -> dict[int, Override]:
        keys = self._book.keys(OVERRIDE)
        found = [replay_overrides(acts).in_force for acts in self._book.histories(OVERRIDE, keys)]
        return {one.customer: one for one in found if one is not None}

    def _do(self, customer: int, by: str, what: str, body: Mapping[str, Any]) -> Override:
        key = str(customer)
        with self._book.writing() as page:
            acts = page.history(OVERRIDE, key)
            held = replay_overrides(acts) if acts else None
            _check_move(held, by, what)
            draft = Act.after("", (OVERRIDE, key, len(acts) + 1), 1, by, (what, dict(body)))
            after = replay_overrides([*acts, draft])
            if what == "approve" and after.in_force is not None:
                self._check_floor(page.connection, after.in_force)
            page.add((OVERRIDE, key), by, (what, dict(body)), fold_override([*acts, draft]))
            return after.newest

    def _check_floor(self, connection: Connection, one: Override) -> None:
        """A grade is approved by what is known then, not by what was known when it was proposed."""
        row = _newest(connection, [one.customer]).get(one.customer)
        floor = max((reason.floor for reason in _read(row).reasons), default=0) if row is not None else 0
        if one.grade < floor or one.until < self.today():
            raise RatingRefused(
                f"grade {one.grade} until {one.until} is below the floor of {floor} or over by now",
                remedy="refuse it, and propose another",
            )

    # --- proving --------------------------------------------------------------------------------------------------

    def audit(self) -> int:
        """Verify every rating against the acts; how many. Raises ActTampered."""
        acts, count = self._book.history(RUNS, RUNS), 0
        with self._book.database.reading() as connection:
            for act in acts:
                query = select(RATING).where(RATING.c.batch == act.number)
                rows = [dict(row) for row in connection.execute(query).mappings()]
                if _batch(rows)["sha256"] != act.body["sha256"]:
                    raise ActTampered(f"batch {act.number} of ratings", "is not what was rated")
                count += len(rows)
            total = connection.execute(select(func.count()).select_from(RATING)).scalar_one()
        if total != count:
            raise ActTampered("the database", f"holds {total - count} ratings that nobody made")
        return count

    def today(self) -> date:
        """The day of the house's clock."""
        seconds = self._book.clock() // NS_PER_SECOND
        return datetime.fromtimestamp(seconds, UTC).astimezone(ZoneInfo(self._parts.zone)).date()


def _check_move(held: Overrides | None, by: str, what: str) -> None:
    if held is None:
        if what != "propose":
            raise RatingUnknown
        return
    if what in ("approve", "refuse") and not held.asked_by:
        raise RatingRefused("nothing is proposed", remedy=f"to {what} it must be proposed")
    if what in ("propose", PROPOSE_END) and held.asked_by:
        raise RatingRefused("a proposal waits", remedy="approve or refuse it first")
    if what == PROPOSE_END and held.in_force is None:
        raise RatingRefused("no override is in force", remedy="to end it must be in_force")
    if what == "approve" and same_person(by, held.asked_by):
        raise RatingRefused("nobody approves a grade of his own", remedy="ask another person")


def replay_overrides(acts: Sequence[Act]) -> Overrides:
    """Where the acts about a customer's own grades put them. An ``end`` without a proposal is of the time when one
    person could end alone."""
    newest: Override | None = None
    force: Override | None = None
    asked = ""
    for act in acts:
        body, number = act.body, act.number
        if act.what == "propose":
            until, asked = date.fromisoformat(body["until"]), act.by
            newest = Override(
                int(body["customer"]), body["grade"], until, act.by, body["text"], "proposed", "", number
            )
        elif newest is None:
            break
        elif act.what == PROPOSE_END and force is not None:
            asked, newest = act.by, force._replace(state="ending", acts=number)
        elif act.what == "refuse":
            kept = force is not None and newest.state == "ending"
            asked, newest = "", newest._replace(state="in_force" if kept else "refused", acts=number)
        elif act.what == "end" or newest.state == "ending":
            asked, force, newest = "", None, newest._replace(state="ended", acts=number)
        else:
            asked, newest = "", newest._replace(state="in_force", approved_by=act.by, acts=number)
            force = newest
    if newest is None:
        raise RatingUnknown
    return Overrides(newest, force, asked)


def fold_runs(_acts: Sequence[Act]) -> Standing:
    """Where the history of batches stands: it is only kept."""
    return Standing("kept")


def fold_override(acts: Sequence[Act]) -> Standing:
    """Where the acts of a customer's overrides put them."""
    newest = replay_overrides(acts).newest
    return Standing(newest.state, str(newest.customer), newest.by)


def _grade(rating: Rating, override: Override | None) -> int:
    if override is None:
        return rating.grade
    return max(override.grade, *(one.floor for one in rating.reasons))


def _row(batch: int, profile: Profile, rating: Rating) -> dict[str, Any]:
    return {
        "customer": str(rating.customer),
        "batch": batch,
        "day": rating.day.isoformat(),
        "grade": rating.grade,
        "score": rating.score,
        "review": rating.review.isoformat(),
        "identity_until": profile.identity_until.isoformat() if profile.identity_until else "",
        "document": canonical_json(rating.document()).decode(),
        "profile": canonical_json(profile.document()).decode(),
    }


def _batch(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    ordered = sorted(rows, key=lambda row: str(row["customer"]))
    return {"count": len(rows), "sha256": digest_of([dict(row) for row in ordered])}


def _newest(connection: Connection, customers: Sequence[int] | None) -> dict[int, Any]:
    """The newest row of each of `customers`, or of all."""
    newest = select(RATING.c.customer, func.max(RATING.c.batch).label("batch")).group_by(RATING.c.customer)
    found: dict[int, Any] = {}
    parts: list[list[str] | None] = [None]
    if customers is not None:
        names = sorted(set(map(str, customers)))
        parts = [names[at : at + _ASKED_AT_ONCE] for at in range(0, len(names), _ASKED_AT_ONCE)]
    for part in parts:
        chosen = newest.where(RATING.c.customer.in_(part)) if part is not None else newest
        last = chosen.subquery()
        same = (RATING.c.customer == last.c.customer) & (RATING.c.batch == last.c.batch)
        for row in connection.execute(select(RATING).join(last, same)):
            found[int(row.customer)] = row
    return found


def _read(row: Any) -> Rating:
    found = json.loads(row.document)
    reasons = tuple(
        Reason(Factor(one["factor"]), one["value"], one["points"], one["floor"], one["en"], one["zh"])
        for one in found["reasons"]
    )
    return Rating(
        int(found["customer"]),
        date.fromisoformat(found["day"]),
        found["score"],
        found["grade"],
        reasons,
        date.fromisoformat(found["review"]),
    )
