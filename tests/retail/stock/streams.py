"""Evidence for tests of the belief, one product, times in hours after a Monday midnight."""

from __future__ import annotations

from hypothesis import strategies as st

from retail.stock.evidence import BACKROOM, CUSTOMER, FLOOR, SUPPLIER, Counted, Evidence, Move, Profile, Seen, Tagged
from retail.stock.pace import Pace

MONDAY = 1_767_571_200.0
GTIN = "04006381333931"
PROFILE = Profile(GTIN, facings=4, depth=5, case=6)
HOURS = tuple(1 / 13 if 8 <= hour < 21 else 0.0 for hour in range(24))


def pace(per_day: float = 8.0) -> Pace:
    return Pace(per_day, 1.0, (1.0,) * 7, HOURS)


def at(hours: float) -> float:
    return MONDAY + hours * 3600


def sold(hours: float, pieces: int = 1) -> Move:
    return Move(GTIN, pieces, FLOOR, CUSTOMER, at(hours))


def refilled(hours: float, pieces: int) -> Move:
    return Move(GTIN, pieces, BACKROOM, FLOOR, at(hours))


def received(hours: float, pieces: int) -> Move:
    return Move(GTIN, pieces, SUPPLIER, BACKROOM, at(hours))


def counted(hours: float, floor: int, behind: int | None = None) -> list[Evidence]:
    found: list[Evidence] = [Counted(GTIN, FLOOR, floor, at(hours))]
    return found if behind is None else [*found, Counted(GTIN, BACKROOM, behind, at(hours))]


def looked(hours: float, facings: int) -> Seen:
    return Seen(GTIN, facings, at(hours))


_HOUR = st.floats(0.0, 60.0)
_PLACE = st.sampled_from((FLOOR, BACKROOM))
_ACCOUNT = st.sampled_from((FLOOR, BACKROOM, CUSTOMER, SUPPLIER, "waste", "elsewhere"))

#: Any evidence at all, sensible or not.
ANY_EVIDENCE: st.SearchStrategy[Evidence] = st.one_of(
    st.builds(lambda h, q, a, b: Move(GTIN, q, a, b, at(h)), _HOUR, st.integers(-30, 60), _ACCOUNT, _ACCOUNT),
    st.builds(lambda h, q, p: Counted(GTIN, p, q, at(h)), _HOUR, st.integers(0, 90), _PLACE),
    st.builds(lambda h, f: looked(h, f), _HOUR, st.integers(-1, 9)),
    st.builds(lambda h, t, p: Tagged(GTIN, p, t, at(h)), _HOUR, st.integers(0, 70), _PLACE),
)
