import pytest

from gateway.model.numbers import numbers_in
from gateway.model.written_numbers import MAX_FIELD_CHARACTERS, MAX_NUMBERS, MAX_PIECES, find_numbers, parts_of, plain

MOBILE = "+8613800138000"
OTHER = "+8613900139000"
DESK = "+861085671234"


def found(text: str, region: str = "CN") -> list[str]:
    """Return numbers, with an x before the extension."""
    return [
        number.e164 if number.extension is None else f"{number.e164}x{number.extension}" for number in numbers_in(text, region)
    ]


@pytest.mark.parametrize(
    "text",
    [
        "13800138000",
        "138.0013.8000",
        "138\u00a00013\u00a08000",
        "138\u202f0013\u30008000",
        "138–0013—8000",
        "138−0013‐8000",
        "1３8００1３8000",
        "＋８６１３８００１３８０００",
        "＋８６（０）１３８００１３８０００",
        "\u202a+86 138 0013 8000\u202c",
        "(86)13800138000",
        "（86）138 0013 8000",
        "(+86) 138 0013 8000",
        "+(86) 138 0013 8000",
        "0086-138-0013-8000",
        "86 138 0013 8000",
        "mobile: 138 0013 8000",
        "手机：13800138000",
        "手机13800138000（王先生）",
        "M13800138000",
        "Tel. 13800138000",
        "Tel:13800138000",
        "13800138000 mobile",
        "tel:+8613800138000",
        "tel:+86-138-0013-8000",
        "TEL:%2B8613800138000",
        "tel:13800138000;phone-context=+86",
        "tel:+8613800138000;phone-context=example.com",
        "tel:+86-138-0013-8000;isub=12;postd=pp",
        "13800138000, w@example.com",
        "13800138000 https://example.com/13900139000",
    ],
)
def test_a_number_is_found_however_it_is_written(text: str) -> None:
    assert found(text) == [MOBILE]


@pytest.mark.parametrize(
    ("text", "region", "number"),
    [
        ("+86 (0)755 82345678", "CN", "+8675582345678"),
        ("(86) 0755-82345678", "CN", "+8675582345678"),
        ("86-755-82345678", "CN", "+8675582345678"),
        ("030/901820", "DE", "+4930901820"),
        ("030 / 901820", "DE", "+4930901820"),
        ("+49 (0)30 901820", "US", "+4930901820"),
        ("030 901820-21", "DE", "+493090182021"),
        ("+34 (0)912345678", "DE", "+34912345678"),
        ("+48 (0)22 1234567", "DE", "+48221234567"),
        ("+39 (0)6 12345678", "DE", "+390612345678"),
        ("(212) 555-1234", "US", "+12125551234"),
        ("011 86 138 0013 8000", "US", MOBILE),
        ("0011 86 138 0013 8000", "AU", MOBILE),
        ("tel:555-1234;phone-context=+1-212", "DE", "+12125551234"),
    ],
)
def test_a_number_is_read_as_its_country_writes_it(text: str, region: str, number: str) -> None:
    assert found(text, region) == [number]


@pytest.mark.parametrize(
    ("text", "region", "number"),
    [
        ("010-85671234 ext. 12", "CN", f"{DESK}x12"),
        ("010-85671234 Ext 12", "CN", f"{DESK}x12"),
        ("010-85671234ext12", "CN", f"{DESK}x12"),
        ("010-85671234 extension 12", "CN", f"{DESK}x12"),
        ("010-85671234, ext. 12", "CN", f"{DESK}x12"),
        ("010-85671234 (ext 12)", "CN", f"{DESK}x12"),
        ("010-85671234x12", "CN", f"{DESK}x12"),
        ("010-85671234 X 12", "CN", f"{DESK}x12"),
        ("010-85671234#12", "CN", f"{DESK}x12"),
        ("010-85671234;ext=12", "CN", f"{DESK}x12"),
        ("tel:+86-10-85671234;ext=12", "CN", f"{DESK}x12"),
        ("010-85671234转 801", "CN", f"{DESK}x801"),
        ("010-85671234 转801", "CN", f"{DESK}x801"),
        ("010-85671234轉801", "CN", f"{DESK}x801"),
        ("010-85671234 分机 801", "CN", f"{DESK}x801"),
        ("010-85671234 分机号：801", "CN", f"{DESK}x801"),
        ("010-85671234-801", "CN", f"{DESK}x801"),
        ("010-85671234（801）", "CN", f"{DESK}x801"),
        ("+86 10 85671234-801", "DE", f"{DESK}x801"),
        ("+86 138 0013 8000-1", "CN", f"{MOBILE}x1"),
        ("400-820-8888-801", "CN", "+864008208888x801"),
        ("030 901820 Durchwahl 21", "DE", "+4930901820x21"),
        ("030 901820, DW 21", "DE", "+4930901820x21"),
        ("+12125551234,,12#", "US", "+12125551234x12"),
        ("13800138000 x1; 13900139000, ext 2", "CN", f"{MOBILE}x1 {OTHER}x2"),
    ],
)
def test_an_extension_is_no_part_of_the_number(text: str, region: str, number: str) -> None:
    assert found(text, region) == number.split()


@pytest.mark.parametrize(
    "between",
    [
        "/",
        " / ",
        ";",
        ",",
        ", ",
        "、",
        "，",
        "；",
        "\n",
        "\r\n",
        "\t",
        "|",
        " or ",
        " oder ",
        "或",
        "或者",
        "和",
        " & ",
        " ",
        " 座机：",
        "+86",
    ],
)
def test_several_numbers_stand_in_a_field(between: str) -> None:
    assert found(f"13800138000{between}13900139000") == [MOBILE, OTHER]


def test_digits_that_are_a_number_with_a_country_and_without_are_none() -> None:
    assert found("4915123450000", "DE") == []
    assert found("04915123450000", "DE") == ["+494915123450000"]
    assert found("+4915123450000", "DE") == ["+4915123450000"]


@pytest.mark.parametrize(
    ("text", "region", "numbers"),
    [
        ("13800138000 010 8567 1234", "CN", [MOBILE, DESK]),
        ("030/901820/030 901821", "DE", ["+4930901820", "+4930901821"]),
        ("0301234567/0891234567", "DE", ["+49301234567", "+49891234567"]),
        ("0170/1234567, 030 901820", "DE", ["+491701234567", "+4930901820"]),
        ("2125551234 6465551234", "US", ["+12125551234", "+16465551234"]),
        ("010-85671234/85671235", "CN", [DESK]),  # the second says no area code
        ("13800138000 / 8001", "CN", [MOBILE]),
        ("13800138000;138 0013 8000", "CN", [MOBILE]),
    ],
)
def test_each_number_is_found_once(text: str, region: str, numbers: list[str]) -> None:
    assert found(text, region) == numbers


@pytest.mark.parametrize(
    "text",
    [
        "",
        "8001",
        "10086",
        "x12",
        "60001000",
        "138001380O0",  # a letter for a digit
        "13800138000²",
        "13800138000٥",
        "13800138000 5",
        "13800138000:5",
        "QQ13800138000",
        "#13800138000",
        "13800138000*2",
        "13800138000@139.com",
        "sip:13800138000@example.com",
        "https://example.com/13800138000",
        "tel:7042;phone-context=example.com",
        "tel:13800138000;phone-context=example.com",
        "tel:;phone-context=+86",
        "1-800-FLOWERS",
        "+999 123 456 789",
        "1" * 40,
        " ".join(["1"] * (MAX_PIECES + 1)),
        " " * MAX_FIELD_CHARACTERS + "13800138000",
    ],
)
def test_what_cannot_be_explained_is_no_number(text: str) -> None:
    assert found(text) == []


def test_a_list_that_was_pasted_is_none() -> None:
    assert len(found(";".join(f"1380013800{last}" for last in range(9)))) == 9
    assert found(";".join(f"+86138001380{last}" for last in range(10, 10 + MAX_NUMBERS + 1))) == []


def test_digits_that_can_be_cut_in_two_ways_are_none() -> None:
    known = {"111": "+1", "222": "+2", "111 222": "+3"}
    assert [number.e164 for number in find_numbers("111 222", known.get)] == ["+3"]
    assert [number.e164 for number in find_numbers("111 222 111", known.get)] == []
    assert [number.e164 for number in find_numbers("222 222 111", known.get)] == ["+2", "+2", "+1"]


def test_a_field_is_cut_where_numbers_end() -> None:
    assert parts_of(" 1, ext 2; tel:3;ext=4 ；5 、\n6 ") == ["1, ext 2", "tel:3;ext=4", "5", "6"]
    assert parts_of("1;" * MAX_FIELD_CHARACTERS) == []


def test_what_looks_alike_becomes_ascii_and_the_rest_stays() -> None:
    assert plain("＋８６（１）\u30001\u20132\u200b") == "+86(1) 1-2"
    assert plain("①²٥Ⅷ") == "①²٥Ⅷ"
