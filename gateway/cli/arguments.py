"""The command line's shape. Nothing heavy is imported here: ``tieline replay`` must answer at once."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from gateway.cli import client_arguments
from gateway.model.principals import Role, Scope

COMMANDS: Final = {
    **client_arguments.COMMANDS,
    "run": "gateway.cli.run",
    "check-config": "gateway.cli.check_config",
    "schema": "gateway.cli.schema",
    "record": "gateway.cli.record",
    "replay": "gateway.cli.replay",
    "pbx simulate": "gateway.cli.simulate",
    "pbx snippet": "gateway.cli.snippet",
    "pbx import": "gateway.cli.import_agents",
    "db backup": "gateway.cli.db",
    "db restore": "gateway.cli.db",
    "db migrate": "gateway.cli.db",
    "contacts import": "gateway.cli.contacts",
    "contacts export": "gateway.cli.contacts",
    "token create": "gateway.cli.token",
    "token list": "gateway.cli.token",
    "token revoke": "gateway.cli.token",
    "user add": "gateway.cli.user",
    "user list": "gateway.cli.user",
    "user password": "gateway.cli.user",
    "user disable": "gateway.cli.user",
    "user enable": "gateway.cli.user",
    "user unlock": "gateway.cli.user",
    "user sessions": "gateway.cli.user",
    "user revoke": "gateway.cli.user",
    "crm conformance": "gateway.cli.crm_conformance",
    "version": "gateway.cli.version",
}
"""The module of each command; its ``run(options)`` returns the exit status."""


def parser(arguments: Sequence[str] | None = None) -> argparse.ArgumentParser:
    """Return the parser; what it parsed has ``command``, a key of :data:`COMMANDS`, or else ``run``, which is a plugin's.

    With ``arguments`` it knows the commands of plugins too, where these may need them.
    """
    top = argparse.ArgumentParser(
        prog="tieline",
        description="Joins a telephone system (PBX) to its online channels: tells every call as it happens, live and replayed.",
    )
    commands = top.add_subparsers(required=True, metavar="COMMAND")

    run = _command(commands, "run", "run the gateway; without --config on a simulated PBX that plays recorded calls")
    run.add_argument("--config", type=Path, metavar="FILE", help="the configuration; a folder conf.d beside it is read too")
    run.add_argument("--port", type=_port, metavar="PORT", help="listen there instead of at the configuration's api.port")

    check = _command(commands, "check-config", "say what is wrong in a configuration, where, and how to put it right")
    check.add_argument("config", type=Path, metavar="FILE")

    _command(commands, "schema", "print the JSON Schema of a configuration, for editors")

    record = _command(commands, "record", "write down what a PBX sends, as a capture folder for `tieline replay`")
    record.add_argument("folder", type=Path, metavar="FOLDER", help="a folder to make")
    record.add_argument("--config", type=Path, metavar="FILE", required=True)
    record.add_argument("--pbx", metavar="NAME", help="which of the configuration's PBXs; not needed when there is one")
    record.add_argument("--anonymise", action="store_true", help="replace numbers, names and secrets, each by the same each time")
    record.add_argument("--seconds", type=_seconds, metavar="S", help="stop after so long; without it at Ctrl-C")

    replay = _command(commands, "replay", "print the call records of capture folders, one JSON object a line")
    replay.add_argument("folders", type=Path, nargs="+", metavar="FOLDER")
    replay.add_argument("--events", action="store_true", help="print what is told of the calls as they go on instead")
    replay.add_argument("--pbx", default="replay", metavar="NAME", help="the PBX's name, from which ids are made (replay)")

    pbx = commands.add_parser("pbx", help="tools around telephone systems").add_subparsers(required=True, metavar="TOOL")
    simulate = _command(pbx, "simulate", "be a PBX that plays capture folders", prefix="pbx ")
    simulate.add_argument("product", metavar="PRODUCT", help="such as asterisk")
    simulate.add_argument("folders", type=Path, nargs="*", metavar="FOLDER", help="without any, those that come with Tieline")
    simulate.add_argument("--host", default="127.0.0.1", metavar="HOST")
    simulate.add_argument("--port", type=_port, default=0, metavar="PORT", help="without it, any that is free")
    simulate.add_argument("--once", action="store_true", help="play each folder once and stop, instead of for ever")

    snippet = _command(pbx, "snippet", "print the lines to put into the PBX's own configuration", prefix="pbx ")
    snippet.add_argument("product", metavar="PRODUCT", help="such as asterisk")
    snippet.add_argument("--version", default="", metavar="VERSION", help="the PBX's, such as 22; without it the newest")

    users = _command(pbx, "import", "take over who sits at which extension; the gateway may run meanwhile", prefix="pbx ")
    users.add_argument("--config", type=Path, metavar="FILE", required=True, help="whose PBXs and `store` are meant")
    users.add_argument("--pbx", metavar="NAME", help="only this one")
    users.add_argument("--names", type=Path, metavar="CSV", help="a table of names instead, with columns extension and name")
    users.add_argument("--json", action="store_true", help="print JSON")

    db = commands.add_parser("db", help="look after the database").add_subparsers(required=True, metavar="TASK")
    for name, what, file in (
        ("backup", "write all calls and events into one file; the gateway may run meanwhile", "a file to write"),
        ("restore", "put a backup into an empty database, SQLite or PostgreSQL", "the backup"),
        ("migrate", "bring the schema up to date, as the gateway does when it starts", None),
    ):
        task = _command(db, name, what, prefix="db ")
        task.add_argument("--config", type=Path, metavar="FILE", required=True, help="whose `store` is meant")
        if file is not None:
            task.add_argument("file", type=Path, metavar="BACKUP", help=file)

    contacts = commands.add_parser("contacts", help="bring customers in, and out").add_subparsers(required=True, metavar="TASK")
    bring = _command(
        contacts,
        "import",
        "take customers over from a file, an address book or a directory, once or often; the gateway may run meanwhile",
        prefix="contacts ",
    )
    bring.add_argument(
        "source",
        metavar="SOURCE",
        help="a file (CSV, vCards, LDIF), https://… of a CardDAV address book, or ldaps://SERVER/BASE of a directory",
    )
    bring.add_argument("--config", type=Path, metavar="FILE", required=True, help="whose `store` and numbers are meant")
    bring.add_argument("--map", metavar="FIELD=HEADING,…", help="what columns or attributes hold, if their names say it not")
    bring.add_argument("--region", metavar="CC", help="country of numbers without one, such as CN; without it the PBXs'")
    bring.add_argument("--encoding", metavar="NAME", help="such as gb18030; without it guessed")
    bring.add_argument("--delimiter", metavar="C", help="what stands between fields; without it guessed")
    bring.add_argument("--dry-run", action="store_true", help="say what would become of each line, and change nothing")
    bring.add_argument("--user", metavar="NAME", help="as whom to read an address book or a directory")
    bring.add_argument("--password-stdin", action="store_true", help="read the password from standard input, not the terminal")
    bring.add_argument("--ca", type=Path, metavar="FILE", help="whose certificates to trust besides the system's (PEM)")
    bring.add_argument("--without-tls", action="store_true", help="let password and contacts go over the network unencrypted")
    out = _command(contacts, "export", "write all customers as CSV", prefix="contacts ")
    out.add_argument("file", type=Path, nargs="?", metavar="FILE", help="without it standard output")
    out.add_argument("--config", type=Path, metavar="FILE", required=True, help="whose `store` is meant")

    tokens = commands.add_parser("token", help="say who may use the API").add_subparsers(required=True, metavar="TASK")
    create = _command(tokens, "create", "make a token and print it, this once", prefix="token ")
    create.add_argument("--name", required=True, metavar="NAME", help="of the program or machine that gets it")
    create.add_argument("--scopes", required=True, type=_scopes, metavar="SCOPE,…", help=f"all, or of: {', '.join(Scope)}")
    create.add_argument(
        "--role", choices=[role.value for role in Role], default=Role.AGENT.value, help="for dialling rules (agent)"
    )
    create.add_argument("--extension", metavar="NUMBER", help="the one device whose calls it may place and control")
    create.add_argument("--days", type=float, metavar="N", help="how long it works; without it until it is revoked")
    listed = _command(tokens, "list", "show the tokens, without their secrets", prefix="token ")
    revoke = _command(tokens, "revoke", "let nobody in with a token any more", prefix="token ")
    revoke.add_argument("id", metavar="ID", help="what the token begins with, such as tl_k3f9abcd")
    for task in (create, listed, revoke):
        task.add_argument("--config", type=Path, metavar="FILE", required=True, help="whose `store` is meant")
        task.add_argument("--json", action="store_true", help="print JSON")

    _add_user_commands(commands.add_parser("user", help="say which people may sign in"))
    client_arguments.add_client_commands(commands)

    _add_crm_commands(commands.add_parser("crm", help="see how CRMs stand, tell them of calls again, try an adapter"))

    _command(commands, "version", "print the version")
    if arguments is not None and (not arguments or arguments[0] not in commands.choices):
        from gateway.cli.plugin_commands import add_plugin_commands  # looking for them takes longer than all the rest

        add_plugin_commands(commands)
    return top


def _add_crm_commands(parser: argparse.ArgumentParser) -> None:
    tools = parser.add_subparsers(required=True, metavar="TOOL")
    client_arguments.add_crm_tools(tools)
    tried = _command(
        tools, "conformance", "try a CRM's adapter against a living CRM, with contacts and calls of its own", prefix="crm "
    )
    tried.add_argument("adapter", metavar="ADAPTER", help="a plugin, such as webhook")
    tried.add_argument("--url", metavar="URL", help="the adapter's setting `url`")
    tried.add_argument("--set", action="append", metavar="KEY=VALUE", help="another of its settings; a.b=VALUE for one inside")
    tried.add_argument("--settings", type=Path, metavar="FILE", help="YAML with its settings")
    tried.add_argument("--number", action="append", metavar="NUMBER", help="of a contact in the CRM, as it is written there")
    tried.add_argument("--region", default="CN", metavar="CC", help="country of numbers without one (CN)")
    tried.add_argument("--keep", action="store_true", help="take the calls that it made not away")
    tried.add_argument("--junit", type=Path, metavar="FILE", help="write a JUnit report too")
    tried.add_argument("--json", action="store_true", help="print JSON")


def _add_user_commands(parser: argparse.ArgumentParser) -> None:
    users = parser.add_subparsers(required=True, metavar="TASK")
    add = _command(users, "add", "make a user; the password is asked for, or made and shown once", prefix="user ")
    add.add_argument("--name", metavar="NAME", help="for people; without it the login")
    add.add_argument("--role", choices=[role.value for role in Role], default=Role.AGENT.value, help="agent, if not said")
    add.add_argument("--pbx", metavar="NAME", help="where the extension is; not needed where there is one PBX")
    add.add_argument("--extension", metavar="NUMBER", help="the telephone at the user's desk; an agent has one")
    add.add_argument("--language", choices=["en", "zh"], help="of his pages; without it his browser's")
    tasks = [add, _command(users, "list", "show the users", prefix="user ")]
    for name, what in (
        ("password", "set a user's password, and sign him out everywhere"),
        ("disable", "let a user in no more, and sign him out everywhere"),
        ("enable", "let a user in again"),
        ("unlock", "forget a user's wrong passwords"),
        ("sessions", "show where a user is signed in"),
        ("revoke", "end one of a user's sessions, or all"),
    ):
        tasks.append(_command(users, name, what, prefix="user "))
    tasks[-1].add_argument("--session", metavar="ID", help="such as ses_k3f9abcdk3f9a; without it all")
    for task in tasks:
        if task is not tasks[1]:
            task.add_argument("--login", required=True, metavar="LOGIN", help="what the user signs in with")
        task.add_argument("--config", type=Path, metavar="FILE", required=True, help="whose `store` is meant")
        task.add_argument("--json", action="store_true", help="print JSON")
    for task in (add, tasks[2]):
        task.add_argument("--password-stdin", action="store_true", help="read the password from standard input")


def _command(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]", name: str, what: str, *, prefix: str = ""
) -> argparse.ArgumentParser:
    made = commands.add_parser(name, help=what, description=what[0].upper() + what[1:] + ".")
    made.set_defaults(command=prefix + name)
    return made


def _scopes(text: str) -> list[str]:
    if text == "all":
        return sorted(Scope)
    words = [word for word in text.replace(",", " ").split() if word]
    for word in words:
        if word not in list(Scope):
            raise argparse.ArgumentTypeError(f"{word!r} is no scope: write all, or of {', '.join(Scope)}")
    return words


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port <= 65535:
        raise argparse.ArgumentTypeError(f"{port} is no port: write 0 to 65535")
    return port


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 < seconds < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is no time: write a number of seconds over 0")
    return seconds
