"""The ``tieline`` command."""

import os
import sys
from collections.abc import Sequence
from importlib import import_module

from gateway.cli.arguments import COMMANDS, parser
from gateway.cli.client_arguments import with_show
from gateway.model.errors import TielineError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit status: 0 done, 2 wrongly called, else what the error says (1 mostly).

    What was not done is told in one line on standard error.
    """
    words = with_show(sys.argv[1:] if arguments is None else arguments)
    try:
        options = parser(words).parse_args(words)
        run = getattr(options, "run", None) or import_module(COMMANDS[options.command]).run
        status: int = run(options)
        sys.stdout.flush()
    except TielineError as error:
        sys.stderr.write(f"tieline: {error}\n")
        return error.exit_status
    except BrokenPipeError:
        # Whoever read us has seen enough, as `| head` does. What Python flushes at its end must not complain again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        return 130
    return status


if __name__ == "__main__":
    sys.exit(main())
