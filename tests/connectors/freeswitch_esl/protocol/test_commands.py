import pytest

from connectors.freeswitch_esl.protocol.commands import MAX_COMMAND_BYTES, EslCommandDecoder, encode_command, execute
from gateway.model.errors import CommandRefusedError, PeerProtocolError


def test_a_command_is_its_line_headers_and_body() -> None:
    assert encode_command("auth", "ClueCon") == b"auth ClueCon\n\n"
    written = encode_command("sendevent", "CUSTOM", [("Event-Subclass", "a::b")], "x\ny")
    assert written == b"sendevent CUSTOM\nEvent-Subclass: a::b\nContent-Length: 3\n\nx\ny"


@pytest.mark.parametrize("bad", ["a\nexit", "a\r", "\0"])
def test_nothing_is_sent_that_holds_another_command(bad: str) -> None:
    with pytest.raises(CommandRefusedError, match="line end"):
        encode_command("api", bad)
    with pytest.raises(CommandRefusedError, match="line end"):
        encode_command("sendmsg", "", [("execute-app-arg", bad)])
    with pytest.raises(CommandRefusedError, match="line end"):
        encode_command("sendmsg", "", [(bad, "x")])


def test_what_cannot_be_written_is_refused() -> None:
    with pytest.raises(CommandRefusedError, match="no header name"):
        encode_command("sendmsg", "", [("a:b", "x")])
    with pytest.raises(CommandRefusedError, match="longer"):
        encode_command("api", "x" * MAX_COMMAND_BYTES)
    with pytest.raises(CommandRefusedError, match="no text"):
        encode_command("api", "\ud800")


def test_an_application_is_executed_and_awaited_by_its_id() -> None:
    assert execute("playback", "a b.wav", "id-1", lock=True, loops=2).decode() == (
        "sendmsg\ncall-command: execute\nexecute-app-name: playback\nEvent-UUID: id-1\nevent-lock: true\nloops: 2\n"
        "execute-app-arg: a b.wav\n\n"
    )
    assert execute("answer", "", "id-2", leg="17").startswith(b"sendmsg 17\n")
    assert execute("set", "a=1\n2", "id-3").endswith(b"Content-Type: text/plain\nContent-Length: 5\n\na=1\n2")


def test_what_a_client_says_is_read_as_it_was_written() -> None:
    decoder = EslCommandDecoder()
    wire = encode_command("bgapi", "originate 张三 &park()", [("Job-UUID", "17")]) + execute("set", "a=1\n\n2", "id", leg="leg")
    commands = [command for at in range(len(wire)) for command in decoder.receive_data(wire[at : at + 1])]
    first, second = commands
    assert (first.name, first.argument, first.header("job-uuid")) == ("bgapi", "originate 张三 &park()", "17")
    assert (second.argument, second.body, second.header("Event-UUID")) == ("leg", "a=1\n\n2", "id")


@pytest.mark.parametrize(
    "wire", [b"x" * (MAX_COMMAND_BYTES + 1), b"sendmsg\nContent-Length: -1\n\n", b"sendmsg\nContent-Length: 99999999\n\n"]
)
def test_a_client_that_says_too_much_is_refused(wire: bytes) -> None:
    with pytest.raises(PeerProtocolError):
        EslCommandDecoder().receive_data(wire)
