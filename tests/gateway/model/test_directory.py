import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model.directory import MAX_NAME, CsvError, Entry, Found, Source, best_of, read_csv
from gateway.model.site import Site

SITE = Site(extensions=r"^8\d{3}$")


def found(extension: str, name: str | None, source: Source) -> Found:
    return Found(extension=extension, name=name, source=source)


def test_the_best_source_that_has_a_name_gives_it() -> None:
    heard = [
        found("8001", "Desk 8001", Source.MEMBERS),
        found("8001", None, Source.USERS),
        found("8001", "Wang", Source.ENDPOINTS),
        found("8002", None, Source.ENDPOINTS),
        found("carrier", "Carrier", Source.ENDPOINTS),
    ]

    assert best_of(heard, SITE) == (found("8001", "Wang", Source.ENDPOINTS), found("8002", None, Source.ENDPOINTS))


def test_what_people_say_is_shown() -> None:
    assert Entry(extension="8001", found_name="Wang").name == "Wang"
    assert Entry(extension="8001", found_name="Wang", own_name="Fang").name == "Fang"
    assert Entry(extension="8001").name is None


@pytest.mark.parametrize(
    "text",
    [
        "extension,name\n8001,Wang Fang\n",
        "Name;Email;Ext.\nWang Fang;w@example.com;8001\n",
        "\N{ZERO WIDTH NO-BREAK SPACE}姓名\t分机号\r\nWang Fang\t8001\r\n",
        'Extension,"Full name",Name\n8001,x,"Wang Fang"\n\n',
    ],
)
def test_a_table_of_names_is_read_as_people_write_it(text: str) -> None:
    assert read_csv(text, SITE).names == {"8001": "Wang Fang"}


def test_each_line_that_cannot_be_used_is_told_by_number() -> None:
    read = read_csv(f"extension,name\n8001,Wang\n7001,Queue\n8002,\n8003,{'x' * (MAX_NAME + 1)}\n", SITE)

    assert read.names == {"8001": "Wang"}
    assert [line.partition(":")[0] for line in read.refused] == ["line 3", "line 4", "line 5"]
    assert "7001" in read.refused[0]
    assert SITE.extensions in read.refused[0]


@pytest.mark.parametrize("text", ["", "8001,Wang\n", "extension\n8001\n"])
def test_a_file_without_a_heading_is_refused(text: str) -> None:
    with pytest.raises(CsvError, match="columns"):
        read_csv(text, SITE)


@given(names=st.dictionaries(st.from_regex(r"8\d{3}", fullmatch=True), st.from_regex(r"\w[\w ,;'-]{0,20}\w", fullmatch=True)))
def test_what_was_written_is_read(names: dict[str, str]) -> None:
    text = "extension,name\n" + "".join(f'{extension},"{name}"\n' for extension, name in names.items())

    assert read_csv(text, SITE).names == names
