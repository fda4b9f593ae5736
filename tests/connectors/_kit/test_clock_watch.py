from connectors._kit.clock_watch import ClockWatch


def test_a_clock_that_is_off_is_told_once_and_taken_back() -> None:
    told: list[str] = []
    watch = ClockWatch(2.0, told.append)
    for ahead_s in (0.1, 1.9, -2.5, -2.6, -1.5, 0.5):
        watch.note(ahead_s)
    assert told == ["its clock is 2.5 s behind ours, and calls take their times from it: set up NTP on both", ""]
    watch.note(3.0)
    assert told[-1].startswith("its clock is 3.0 s ahead of ours")
