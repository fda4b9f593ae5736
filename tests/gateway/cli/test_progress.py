import io

from gateway.cli.progress import REDRAW_S, Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_terminal_sees_how_far_it_is() -> None:
    shown, clock = Terminal(), Clock()
    progress = Progress(2_000, "lines", shown, clock=clock)
    clock.now = 2.0
    progress.at(1_000, "3 bad")

    assert shown.getvalue() == "\r\x1b[K[###############...............]  50%  1,000 of 2,000 lines  500/s  3 bad"


def test_it_is_not_drawn_more_often_than_anybody_sees_but_at_the_end() -> None:
    shown, clock = Terminal(), Clock()
    progress = Progress(10, "lines", shown, clock=clock)
    progress.at(1)
    clock.now = REDRAW_S / 2
    progress.at(2)
    progress.at(10)

    drawn = shown.getvalue().split("\r")[1:]
    assert ["  1 of 10 lines" in drawn[0], "  10 of 10 lines" in drawn[1], len(drawn)] == [True, True, 2]


def test_it_makes_room_for_a_line() -> None:
    shown = Terminal()
    progress = Progress(0, "lines", shown, clock=Clock())
    progress.at(0)
    progress.clear()

    assert shown.getvalue().endswith("\r\x1b[K")


def test_a_file_sees_nothing() -> None:
    shown = io.StringIO()
    progress = Progress(1, "lines", shown, clock=Clock())
    progress.at(1)
    progress.clear()

    assert shown.getvalue() == ""


def test_what_has_no_known_end_is_counted() -> None:
    shown, clock = Terminal(), Clock()
    progress = Progress(None, "entries", shown, clock=clock)
    clock.now = 2.0
    progress.at(1_000, "3 bad")

    assert shown.getvalue() == "\r\x1b[K1,000 entries  500/s  3 bad"
