"""The command line: `python -m core COMMAND`; every command has `--help`.

An error that a user can understand is one sentence on stderr. The exit code is 2 for what was asked wrongly (an option,
an unknown name), 1 for what ran and found something wrong.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from core import __version__
from core.errors import UnknownNameError, VitrineError
from core.jobs import (
    backbones,
    benchmark,
    build,
    classifier,
    compare,
    download,
    embed,
    evaluate,
    match,
    search,
    train,
    verify,
)

#: In the order of `--help`.
JOBS = (search, match, embed, backbones, compare, build, verify, evaluate, benchmark, train, classifier, download)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m core", description="Visual similarity search over fashion.")
    parser.add_argument("--version", action="version", version=f"Vitrine {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for job in JOBS:
        job.add(commands)
    options = parser.parse_args(arguments)
    try:
        code: int = options.run(options)
        sys.stdout.flush()
        return code
    except VitrineError as error:
        print(error, file=sys.stderr)
        return 2 if isinstance(error, UnknownNameError) else 1
    except BrokenPipeError:  # whoever reads has seen enough, as in `| head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python would say so when it ends
        return 0
    except OSError as error:  # a full disk, a folder that cannot be written to
        print(
            VitrineError("errors.disk", file=error.filename or "The disk", why=error.strerror or error), file=sys.stderr
        )
        return 1
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
