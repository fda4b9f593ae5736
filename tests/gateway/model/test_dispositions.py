import msgspec
import pytest

from gateway.model.dispositions import MAX_DISPOSITIONS, STANDARD, Disposition, Label, fault_of, offered


def disposition(name: str, **more: object) -> Disposition:
    fields = {"id": name, "label": Label(en=name, zh=name)} | more
    return msgspec.convert(fields, Disposition, from_attributes=True)


def test_what_is_there_from_the_start_can_be_a_list() -> None:
    assert fault_of(STANDARD) is None
    assert sorted(each.key or 0 for each in STANDARD) == list(range(1, 9))
    assert any(each.call_back for each in STANDARD)
    assert all(each.label.zh != each.label.en for each in STANDARD)


def test_two_of_the_same_id_are_no_list() -> None:
    assert fault_of([disposition("solved"), disposition("solved")]) == "two dispositions have the id 'solved'"


def test_one_key_chooses_one_where_both_are_offered() -> None:
    one, other = disposition("a", key=1), disposition("b", key=1)
    assert "'a' and 'b' have the key 1" in (fault_of([one, other]) or "")
    assert fault_of([one, msgspec.structs.replace(other, retired=True)]) is None


def test_a_key_may_mean_different_things_in_different_queues() -> None:
    assert fault_of([disposition("a", key=1, queues=("sales",)), disposition("b", key=1, queues=("support",))]) is None
    assert fault_of([disposition("a", key=1, queues=("sales",)), disposition("b", key=1)]) is not None


def test_a_list_that_nobody_reads_is_refused() -> None:
    many = [disposition(f"d{number}") for number in range(MAX_DISPOSITIONS + 1)]
    assert fault_of(many[:-1]) is None
    assert "more than the" in (fault_of(many) or "")


@pytest.mark.parametrize(("queue", "names"), [("sales", ["all", "sales"]), ("support", ["all"]), (None, ["all"])])
def test_a_queue_is_offered_its_own_and_those_of_all(queue: str | None, names: list[str]) -> None:
    listed = [disposition("all"), disposition("sales", queues=("sales",)), disposition("old", retired=True)]
    assert [each.id for each in offered(listed, queue)] == names
