from ivr.understanding.answers import indexed


def test_the_three_likest_are_found_each_answer_once() -> None:
    told: list[tuple[str, int, int]] = []
    answers = indexed(
        [("weight", "how heavy may a parcel be"), ("weight", "what may a parcel weigh"), ("price", "what does it cost"),
         ("hours", "when are you open"), ("sunday", "are you open on sunday")],
        progress=lambda what, done, of: told.append((what, done, of)),
    )  # fmt: skip
    found = answers.best("how heavy may a parcel be")

    assert found[0][0] == "weight"
    assert found[0][1] > 0.99
    assert len(found) == len({name for name, _ in found}) == 3
    assert told == [("indexing questions", 0, 5)]
