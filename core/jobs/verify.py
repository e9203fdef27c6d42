"""`python -m core verify`: whether every artifact is as the manifest says."""

from __future__ import annotations

import argparse
import json


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `verify`."""
    parser = commands.add_parser("verify", help="check that every artifact is as the manifest says")
    parser.add_argument("--json", action="store_true", help="print JSON instead of sentences")
    parser.set_defaults(run=_verify)


def _verify(options: argparse.Namespace) -> int:
    from core.engine.files.manifest import REPAIR, verify_all

    results = verify_all()
    wrong = [(name, problem) for name, problem in results if problem]
    if options.json:
        files = [{"file": f"artifacts/{name}", "problem": str(problem)} for name, problem in wrong]
        print(json.dumps({"n_files": len(results), "wrong": files, "repair": REPAIR if wrong else ""}))
        return 1 if wrong else 0
    for name, problem in wrong:
        print(f"artifacts/{name} {problem}.")
    if wrong:
        print(f"{len(wrong)} of {len(results)} files are not right. To repair them, run: {REPAIR}")
        return 1
    print(f"All {len(results)} files are as the manifest says.")
    return 0
