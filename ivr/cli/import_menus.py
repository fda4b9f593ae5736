"""``tieline itr import``: the menus of an old IVR as a dialog."""

import argparse
import sys
from pathlib import Path
from typing import Final

SUMMARY: Final = "read the menus of an old IVR into a dialog, and say per line what was not understood"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say which files, and where to."""
    parser.add_argument(
        "files", type=Path, nargs="+", metavar="FILE", help="extensions.conf, ivr_menus and dial plan of FreeSWITCH, or VoiceXML"
    )
    parser.add_argument("--format", choices=["asterisk", "freeswitch", "vxml"], help="without it, it is recognised")
    parser.add_argument("--language", default="en", metavar="LANGUAGE", help="of labels and prompts (default: en)")
    parser.add_argument("--name", default="imported", metavar="NAME", help="the dialog's (default: imported)")
    parser.add_argument("-o", "--output", type=Path, metavar="FILE.yaml", help="without it the dialog is printed")


def run(options: argparse.Namespace) -> int:
    """Write the dialog; the report goes to standard error. 1 when there is no menu, or a file cannot be read."""
    from gateway.model.errors import ConfigurationError
    from ivr.importers.reading import Format, read
    from ivr.importers.writing import written

    try:
        imported = read(options.files, None if options.format is None else Format(options.format))
    except ConfigurationError as error:
        sys.stderr.write(f"tieline: {error}\n")
        return 1
    made = written(imported, name=options.name, language=options.language)
    sys.stderr.writelines(f"{unread}\n" for unread in made.unread)
    if not imported.menus:
        sys.stderr.write("tieline: there is no menu in it\n")
        return 1
    if options.output is None:
        sys.stdout.write(made.text)
    else:
        try:
            options.output.write_text(made.text, "utf-8")
        except OSError as error:
            sys.stderr.write(f"tieline: {options.output}: it cannot be written: {error.strerror or error}\n")
            return 1
    entries = sum(len(menu.entries) for menu in imported.menus)
    sys.stderr.write(f"{len(imported.menus)} menus with {entries} entries; {len(made.unread)} lines are for you to look at\n")
    return 0
