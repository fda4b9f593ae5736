"""What the example company knows: its parcels, members, bills and plans. In memory, and made up."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

HOST: Final = "delivery.example"
"""The host under which its dialog asks its systems."""
PLANS: Final = frozenset({"standard", "premium"})
PAY_DAY: Final = 10
"""Day of the month on which bills are due."""


class ParcelState(StrEnum):
    WITH_COURIER = "with_courier"
    SORTED = "sorted"
    DELIVERED = "delivered"
    LOST = "lost"


STATES: Final = {
    ParcelState.WITH_COURIER: {"zh": "快递员正在派送，今天送到", "en": "with the courier, it comes today"},
    ParcelState.SORTED: {"zh": "正在分拣中心，明天送到", "en": "in the sorting centre, it comes tomorrow"},
    ParcelState.DELIVERED: {"zh": "已经签收", "en": "delivered and signed for"},
    ParcelState.LOST: {"zh": "三天没有新的记录", "en": "not seen for three days"},
}
"""How a parcel's state is said."""


@dataclass(frozen=True, kw_only=True)
class Parcel:
    """One parcel on its way."""

    order: str
    phone: str
    """Of whoever receives it, in E.164."""
    member: str
    """Whose it is."""
    state: ParcelState
    place: dict[str, str]
    """By language."""


@dataclass(kw_only=True)
class Member:
    """One customer with a contract."""

    phone: str
    """In E.164."""
    owed: str
    """Yuan."""
    plan: str = "standard"


def _parcels() -> list[Parcel]:
    hangzhou, wuhan, chengdu = ({"zh": zh, "en": en} for zh, en in (("杭州", "Hangzhou"), ("武汉", "Wuhan"), ("成都", "Chengdu")))
    return [
        Parcel(order="SF12345678", phone="+8613800138000", member="M100001", state=ParcelState.WITH_COURIER, place=hangzhou),
        Parcel(order="SF87654321", phone="+8613900139000", member="M100002", state=ParcelState.SORTED, place=wuhan),
        Parcel(order="SF20261111", phone="+8613900139000", member="M100002", state=ParcelState.DELIVERED, place=wuhan),
        Parcel(order="SF40404040", phone="+8613700137000", member="M100003", state=ParcelState.LOST, place=chengdu),
    ]


def _members() -> dict[str, Member]:
    return {
        "M100001": Member(phone="+8613800138000", owed="86.50"),
        "M100002": Member(phone="+8613900139000", owed="1240.00", plan="premium"),
        "M100003": Member(phone="+8613700137000", owed="0.00"),
    }


@dataclass(kw_only=True)
class Company:
    """Its state, which requests change."""

    today: date
    parcels: list[Parcel] = field(default_factory=_parcels)
    members: dict[str, Member] = field(default_factory=_members)
    resets: list[str] = field(default_factory=list)
    """Telephone numbers to which a link for a new password went, in order."""
    is_down: bool = False
    """A switch: while it is set no request is served."""

    def parcel(self, *, order: str = "", phone: str = "", member: str = "") -> Parcel | None:
        """Return the parcel of an order number, else the first of a telephone number, else of a member."""
        for parcel in self.parcels:
            if order:
                found = parcel.order == order
            elif phone:
                found = parcel.phone == phone
            else:
                found = parcel.member == member
            if found:
                return parcel
        return None

    def due(self) -> date:
        """Return the next day on which bills are to be paid."""
        if self.today.day <= PAY_DAY:
            return self.today.replace(day=PAY_DAY)
        return (self.today.replace(day=1) + timedelta(days=32)).replace(day=PAY_DAY)

    def reset_password(self, phone: str) -> bool:
        """Send a link for a new password; False: nobody has this number."""
        if all(member.phone != phone for member in self.members.values()):
            return False
        self.resets.append(phone)
        return True
