"""Training of SpookyNet models: sample structures, train, evaluate, export. The README beside this package says how."""

from __future__ import annotations

import argparse
import sys

from . import evaluate_command, export_command, train_command
from .sampling import command as sample_command

_COMMANDS = {
    "sample": sample_command,
    "train": train_command,
    "evaluate": evaluate_command,
    "export": export_command,
}


def main() -> int:
    """Runs the command that the arguments name; errors are one line on stderr."""
    parser = argparse.ArgumentParser(prog="spookynet_training", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, module in _COMMANDS.items():
        module.add_arguments(commands.add_parser(name, description=module.__doc__))
    options = parser.parse_args()
    try:
        _COMMANDS[options.command].run(options)
    except (ValueError, ArithmeticError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted: the same command goes on with what has been saved", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
