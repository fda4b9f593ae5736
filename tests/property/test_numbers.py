"""Numbers are found however they are written, never taken for others, and nothing else is taken for one."""

from typing import Final

import phonenumbers
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from gateway.model.numbers import e164, is_number_of, numbers_in, query_of
from gateway.model.site import Site
from gateway.model.written_numbers import MAX_FIELD_CHARACTERS, MAX_NUMBERS

REGIONS: Final = (
    "CN",
    "DE",
    "US",
    "GB",
    "FR",
    "JP",
    "HK",
    "AT",
    "AU",
    "BR",
    "CH",
    "IN",
    "IT",
    "KR",
    "MX",
    "PL",
    "RU",
    "SG",
    "TW",
)
KINDS: Final = (
    phonenumbers.PhoneNumberType.MOBILE,
    phonenumbers.PhoneNumberType.FIXED_LINE,
    phonenumbers.PhoneNumberType.TOLL_FREE,
)
EXTENSIONS: Final = (
    " ext. {}",
    " x{}",
    "x{}",
    " #{}",
    ";ext={}",
    "转{}",
    " 转 {}",
    " 分机 {}",
    "分机号：{}",
    " Durchwahl {}",
    ", ext {}",
)
BETWEEN: Final = ("/", " / ", ";", ", ", "、", "\n", " or ", "或", " | ")
SEPARATORS: Final = ("", " ", "-", ".", "\u00a0", "–", " - ", "‑", "\u3000", "．", "－")
FULL_WIDTH: Final = str.maketrans("0123456789+()", "０１２３４５６７８９＋（）")

texts = st.text(max_size=MAX_FIELD_CHARACTERS + 20) | st.text(alphabet="0123456789+()-/ .,;x#*转或tel:ext=@\n", max_size=120)


@st.composite
def numbers_of(draw: st.DrawFn, *regions: str) -> tuple[str, str]:
    """A number that the plan of one of these countries has, in E.164, and the country."""
    region = draw(st.sampled_from(regions or REGIONS))
    made = phonenumbers.example_number_for_type(region, draw(st.sampled_from(KINDS)))
    assume(made is not None)
    assert made is not None
    known = phonenumbers.format_number(made, phonenumbers.PhoneNumberFormat.E164)
    tail = draw(st.integers(0, 9_999))
    number = f"{known[:-4]}{tail:04}"
    assume(phonenumbers.is_valid_number(phonenumbers.parse(number)))
    return number, region


def all_in(text: str, region: str) -> list[str]:
    return [found.e164 for found in numbers_in(text, region)]


@given(numbers_of(), st.sampled_from(REGIONS))
def test_every_form_that_is_looked_for_is_recognised(one: tuple[str, str], elsewhere: str) -> None:
    number, home = one
    for region in (home, elsewhere):
        query = query_of(number, region)
        assert query.forms[0] == number
        assert len(set(query.forms)) == len(query.forms)
        assert f"{query.country_code}{query.significant}" in query.forms
        # Elsewhere 00 and the country may be another country by that region's exit code.
        assert region != home or f"00{query.country_code}{query.significant}" in query.forms
        for form in query.forms:
            assert is_number_of(form, query), form
            assert is_number_of(f" {form}；", query), form
            assert is_number_of(form.translate(FULL_WIDTH), query), form


@given(numbers_of())
def test_at_home_a_number_is_looked_for_as_people_dial_it(one: tuple[str, str]) -> None:
    number, region = one
    query = query_of(number, region)
    parsed = phonenumbers.parse(number)
    national = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.NATIONAL)
    assert query.significant in query.forms
    assert national in query.forms


@given(numbers_of(), st.data())
def test_any_separators_may_stand_between_digits(one: tuple[str, str], data: st.DataObject) -> None:
    number, region = one
    written = "+" + "".join(digit + data.draw(st.sampled_from(SEPARATORS)) for digit in number[1:-1]) + number[-1]
    assert all_in(written, region) == [number]
    assert is_number_of(written, query_of(number, region))


@given(numbers_of(), st.data())
def test_one_digit_changed_is_another_number(one: tuple[str, str], data: st.DataObject) -> None:
    number, region = one
    query = query_of(number, region)
    where = data.draw(st.integers(1, len(number) - 1))
    other = data.draw(st.sampled_from([digit for digit in "0123456789" if digit != number[where]]))
    changed = number[:where] + other + number[where + 1 :]
    assert not is_number_of(changed, query)
    assert not is_number_of("00" + changed[1:], query)
    inside = where - 1 - len(query.country_code)
    if inside >= 0:
        assert not is_number_of(query.significant[:inside] + other + query.significant[inside + 1 :], query)


@given(numbers_of(), numbers_of(), st.sampled_from(BETWEEN))
def test_two_numbers_in_a_field_are_both_found(one: tuple[str, str], two: tuple[str, str], between: str) -> None:
    (first, region), (second, _) = one, two
    text = f"{first}{between}{second}"
    assert all_in(text, region) == list(dict.fromkeys([first, second]))
    for number in (first, second):
        assert is_number_of(text, query_of(number, region))


@given(numbers_of("CN", "US", "GB", "FR", "JP", "HK"), st.data(), st.sampled_from((*BETWEEN[1:], " ")))
def test_two_national_numbers_in_a_field_are_both_found(one: tuple[str, str], data: st.DataObject, between: str) -> None:
    first, region = one
    second, _ = data.draw(numbers_of(region))
    national = [
        phonenumbers.format_number(phonenumbers.parse(number), phonenumbers.PhoneNumberFormat.NATIONAL)
        for number in (first, second)
    ]
    if between == " ":
        national = [number.replace(" ", "") for number in national]
    found = all_in(between.join(national), region)
    # Where two in a row can be cut in two ways, there is none.
    assert found == list(dict.fromkeys([first, second])) or (between == " " and not found)


@given(numbers_of(), st.sampled_from(EXTENSIONS), st.integers(0, 99_999))
def test_an_extension_never_becomes_a_part_of_the_number(one: tuple[str, str], written: str, extension: int) -> None:
    number, region = one
    query = query_of(number, region)
    for form in query.forms:
        found = numbers_in(form + written.format(extension), region)
        assert {each.e164 for each in found} <= {number}, form
        assert is_number_of(form + written.format(extension), query) or form == query.country_code + query.significant
    assert [(each.e164, each.extension) for each in numbers_in(number + written.format(extension), region)] == [
        (number, str(extension))
    ]


@given(numbers_of("CN"), st.integers(1, 99_999))
def test_in_china_an_extension_stands_behind_a_hyphen(one: tuple[str, str], extension: int) -> None:
    number, region = one
    found = numbers_in(f"{number}-{extension}", region)
    assert [(each.e164, each.extension) for each in found] == [(number, str(extension))]


@given(texts, st.sampled_from(REGIONS))
@example("tel:%ff%00;phone-context=+", "CN")
@example("+" * 300, "US")
@example("1 " * 150, "US")
@example("1/" * 150, "DE")
@example("(" * 200 + "1" + ")" * 199, "DE")
@example("ext" * 130, "GB")
@settings(max_examples=300)
def test_any_text_is_read_and_what_is_found_is_found_again(text: str, region: str) -> None:
    found = numbers_in(text, region)
    assert len(found) <= MAX_NUMBERS
    for number in found:
        assert all_in(number.e164, region) == [number.e164]
        assert is_number_of(number.e164, query_of(number.e164, region))
        assert number.extension is None or number.extension.isdigit()


@given(numbers_of())
def test_a_trunk_and_a_field_read_a_number_alike(one: tuple[str, str]) -> None:
    number, region = one
    site = Site(region=region, extensions=r"^(?!)")
    for form in query_of(number, region).forms:
        assert e164(form, site) in (number, None)
        assert e164(form, site) is None or all_in(form, region) == [number]
