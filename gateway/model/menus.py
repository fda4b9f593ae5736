"""What the caller does with the PBX itself: menus, digits, services."""

from typing import Final

from gateway.model import transfers
from gateway.model.calls import Call, MenuChoice
from gateway.model.change import Change
from gateway.model.events import (
    DigitPressed,
    MenuEntered,
    MenuExpired,
    MenuLeft,
    ServiceStarted,
)
from gateway.model.terms import Service

MASK: Final = "x"
"""What stands in a record for a digit that was collected as data."""


def digit_pressed(change: Change, event: DigitPressed) -> None:
    """The caller pressed a digit for the PBX; where digits are data it is masked at once."""
    call = change.call
    if change.leg(event.leg) is None or not change.is_near(event.leg):
        return
    digit = MASK if event.menu in change.site.mask_digits else event.digit
    call.digits += digit
    menu = event.menu or call.menu
    pressed = call.choices[-1] if call.choices and call.choices[-1].menu == menu else MenuChoice(menu=menu, digits="")
    others = call.choices[:-1] if pressed.digits else call.choices
    call.choices = (*others, MenuChoice(menu=menu, digits=pressed.digits + digit))
    change.tell("call.digit_pressed", digit=digit, menu=event.menu)


def menu_entered(change: Change, event: MenuEntered) -> None:
    """The caller stands in a menu; the same one again without leaving it counts once."""
    call = change.call
    if change.leg(event.leg) is None or not change.is_near(event.leg) or call.menu == event.menu:
        return
    change.goes_on()
    call.menu = event.menu
    call.menus += (event.menu,)
    if call.menus_began_at is None and event.since is not None:
        call.menus_began_at = min(event.since, change.at)
    call.menus_left_at = None
    call.menu_expired = False
    call.place = "ivr"
    change.tell("call.menu_entered", menu=event.menu)


def passed(call: Call) -> list[MenuChoice]:
    """Return the menus that the caller was in, in order, each with what he pressed there; "" is nothing."""
    left = list(call.choices)
    found: list[MenuChoice] = []
    for menu in call.menus:
        pressed = next((each for each in left if each.menu == menu), None)
        if pressed is not None:
            left.remove(pressed)
        found.append(pressed or MenuChoice(menu=menu, digits=""))
    return [*found, *left]


def menu_left(change: Change, event: MenuLeft) -> None:
    """The caller is out of the menu."""
    call = change.call
    if call.menu is not None and change.is_near(event.leg):
        call.menu = None
        call.menus_left_at = change.at


def menu_expired(change: Change, event: MenuExpired) -> None:
    """The menu gave up on the caller."""
    if change.is_near(event.leg):
        change.call.menu_expired = True


def leave_menu(change: Change) -> None:
    """Close the menu that the caller stands in, if any."""
    call = change.call
    if call.menu is not None:
        call.menu = None
        call.menus_left_at = change.at


def service_started(change: Change, event: ServiceStarted) -> None:
    """The PBX itself serves the caller."""
    call = change.call
    if change.leg(event.leg) is None or not change.is_near(event.leg):
        return
    change.goes_on()
    call.service = event.service
    call.attempted = None
    if event.service is Service.VOICEMAIL:
        transfers.settle(change, transfers.failed_transfer(call))
    change.tell("call.service_started", service=event.service, detail=event.detail)
