"""Changes one thing in `core/engine` and asks whether a unit test notices; again and again: what the tests are worth.

    python tests/mutants.py [NUMBER]

Places are drawn room by room, in proportion and with a fixed seed. At each, one of the changes that cosmic-ray knows is
made, in a copy of the project; then the tests run that run the changed line, then all others that use its file. What
came of it is kept in `.cache/mutants/`: a kill counts as long as the file and the test that failed are what they were.
"""

from __future__ import annotations

import ast
import hashlib
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import time
import traceback
from collections import Counter, defaultdict
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
WORK = ROOT / ".cache" / "mutants"
TREE = WORK / "tree"
NUMBER, SEED = 150, 19
#: Seconds: a test that takes longer is left out; tests of one mutant take no longer together, if nothing is changed.
LONGEST, TOGETHER = 2.0, 10.0
#: Bytes of memory that a mutant may take.
MEMORY = 8 * 2**30
#: One run in so many has nothing changed: what fails there, fails by chance.
CONTROL = 40
#: Imported once, and inherited by every run, in which only what is ours is imported anew.
HEAVY = ("numpy", "pandas", "PIL.Image", "hnswlib", "onnxruntime", "tokenizers", "torch")
#: `==` and `is` are the same for what Python keeps once; the last two need names, and change at random.
SENSELESS = ("Is", "IsNot", "VariableReplacer", "VariableInserter")

Covered = dict[str, dict[str, list[int]]]  # test -> file -> lines that it runs


@dataclass(frozen=True)
class Mutant:
    """A change: at the `occurrence`-th place of a file where the operator finds something; `operator` "" for none."""

    file: str
    line: int
    operator: str
    occurrence: int

    @property
    def room(self) -> str:
        return room_of(Path(self.file))

    def source(self) -> str:
        """The file's text with the change in it; raises SyntaxError where that is not Python any more."""
        from cosmic_ray.mutating import mutate_code

        original = (ROOT / self.file).read_text("utf-8")
        changed = mutate_code(original, operators()[self.operator], self.occurrence) if self.operator else original
        compile(changed, self.file, "exec")
        return changed

    def shown(self) -> str:
        """The changed lines, before and after."""
        import difflib

        before, after = (ROOT / self.file).read_text("utf-8").splitlines(), self.source().splitlines()
        lines = list(difflib.unified_diff(before, after, n=0, lineterm=""))[3:]
        return "\n".join(f"    {line}" for line in lines)


class LeaveOut:
    """cosmic-ray's operators leave no statement out: a call whose result nobody takes, or a `raise`, becomes `pass`."""

    def mutation_positions(self, node):
        is_call = node.type == "atom_expr" and node.children[-1].type == "trailer"
        if node.type == "raise_stmt" or (is_call and node.parent.type == "simple_stmt"):
            yield node.start_pos, node.end_pos

    def mutate(self, node, index):
        from parso.python.tree import Name

        return Name("pass", node.start_pos, prefix=node.get_first_leaf().prefix)


@cache
def operators() -> dict:
    """Name -> operator."""
    from cosmic_ray import plugins

    names = [name for name in plugins.operator_names() if name.split("/")[1].split("_")[-1] not in SENSELESS]
    return {name: plugins.get_operator(name)() for name in names} | {"leave-out": LeaveOut()}


def room_of(path: Path) -> str:
    inside = path.relative_to("core/engine")
    return inside.parts[0] if len(inside.parts) > 1 else "."


def places(file: Path) -> dict[tuple[int, int], list[Mutant]]:
    """Line and column -> what can be changed there. Annotations are never evaluated, so they are no place."""
    from cosmic_ray.ast import ast_nodes, get_ast

    source = file.read_text("utf-8")
    annotations = [
        note
        for node in ast.walk(ast.parse(source))
        if (note := getattr(node, "annotation", None) or getattr(node, "returns", None))
    ]
    spans = [((n.lineno, n.col_offset), (n.end_lineno, n.end_col_offset)) for n in annotations]
    nodes, name = list(ast_nodes(get_ast(source))), str(file.relative_to(ROOT))
    found = defaultdict(list)
    for kind, operator in operators().items():
        starts = [start for node in nodes for start, _ in operator.mutation_positions(node)]
        for number, start in enumerate(starts):
            if not any(first <= start < last for first, last in spans):
                found[start].append(Mutant(name, start[0], kind, number))
    return found


def drawn(number: int) -> tuple[list[Mutant], int]:
    """So many mutants in an order of chance, and how many places there are in all; more are these and others."""
    rooms = defaultdict(list)
    for file in sorted((ROOT / "core" / "engine").rglob("*.py")):
        rooms[room_of(file.relative_to(ROOT))].extend(places(file).values())
    total = sum(map(len, rooms.values()))
    chosen = []
    for room in sorted(rooms):
        draw = random.Random(f"{room} {SEED}")
        draw.shuffle(rooms[room])
        wanted = round(number * len(rooms[room]) / total)
        for kinds in rooms[room]:
            mutant = draw.choice(kinds)
            with suppress(SyntaxError, AttributeError):  # the latter where an exception is named with its module
                mutant.source()
                chosen.append(mutant)
                wanted -= 1
            if wanted <= 0:
                break
    random.Random(SEED).shuffle(chosen)
    return chosen, total


class Recorder:
    """A plugin of pytest that notes which lines of the engine each test runs, and how long it takes."""

    def __init__(self):
        import coverage

        self.coverage = coverage.Coverage(data_file=None, source=["core/engine"], messages=False)
        self.seconds: Counter[str] = Counter()
        self.passed: set[str] = set()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item):
        self.coverage.switch_context(item.nodeid)
        return (yield)

    def pytest_runtest_logreport(self, report):
        self.seconds[report.nodeid] += report.duration
        if report.when == "call" and report.passed:
            self.passed.add(report.nodeid)


def record() -> None:
    """Run all tests of the engine once, unchanged; writes what each covers to `covered.json`."""
    recorder = Recorder()
    recorder.coverage.start()
    pytest.main(["-q", "-p", "no:cacheprovider", "tests/unit/engine"], plugins=[recorder])
    recorder.coverage.stop()
    data, covered = recorder.coverage.get_data(), {test: {} for test in recorder.passed}
    for file in data.measured_files():
        for line, tests in data.contexts_by_lineno(file).items():
            for test in recorder.passed.intersection(tests):
                covered[test].setdefault(str(Path(file).relative_to(TREE)), []).append(line)
    seconds = {test: recorder.seconds[test] for test in covered}
    (WORK / "covered.json").write_text(json.dumps({"covered": covered, "seconds": seconds}))


def tests_of(mutant: Mutant, covered: Covered, seconds: dict[str, float]) -> list[str]:
    """Those that run the line, quickest first; then those that use the file, or are of its room if it holds no code."""
    by_time = sorted((test for test in covered if seconds[test] < LONGEST), key=seconds.__getitem__)
    users = [test for test in by_time if mutant.file in covered[test]]
    room = [test for test in by_time if test.startswith(f"tests/unit/engine/{mutant.room}/")]
    on_the_line = [test for test in users if mutant.line in covered[test][mutant.file]]
    chosen, taken = [], 0.0
    for test in dict.fromkeys([*on_the_line, *users, *(() if users else room)]):
        taken += seconds[test]
        if taken > TOGETHER:
            break
        chosen.append(test)
    return chosen


class Chosen:
    """A plugin of pytest that runs the given tests, in their order, and writes down the first that fails."""

    def __init__(self, tests: list[str]):
        self.tests = {test: number for number, test in enumerate(tests)}

    def pytest_collection_modifyitems(self, items):
        items[:] = sorted((i for i in items if i.nodeid in self.tests), key=lambda i: self.tests[i.nodeid])

    def pytest_runtest_logreport(self, report):
        if report.failed:
            (WORK / "failed").write_text(report.nodeid)

    pytest_collectreport = pytest_runtest_logreport


def attempt(mutant: Mutant, tests: list[str], limit: float) -> tuple[str, str]:
    """What became of it ("killed", "timeout" or "survived"), and the test that failed."""
    file, failed = TREE / mutant.file, WORK / "failed"
    stamp = file.stat()
    failed.unlink(missing_ok=True)
    file.write_text(mutant.source(), "utf-8")
    child = os.fork()
    if not child:
        run(tests)
    try:
        end = time.monotonic() + limit
        while not (done := os.waitpid(child, os.WNOHANG))[0]:
            if time.monotonic() > end:
                os.killpg(child, signal.SIGKILL)
                os.waitpid(child, 0)
                return "timeout", ""
            time.sleep(0.02)
    finally:
        shutil.copyfile(ROOT / mutant.file, file)
        os.utime(file, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))  # what was compiled of it stays valid
    killer, crashed = failed.read_text() if failed.exists() else "", os.WIFSIGNALED(done[1])
    if os.WIFEXITED(done[1]) and os.WEXITSTATUS(done[1]) == pytest.ExitCode.USAGE_ERROR:
        killer = "tests/conftest.py"  # which could not be imported
    if bool(killer) != (done[1] != 0) and not crashed:
        raise RuntimeError(f"pytest ended with {done[1]}, {killer or 'no test'} failed: see {WORK / 'output'}")
    return ("killed" if done[1] else "survived"), killer


def run(tests: list[str]) -> None:
    """Become the process of one run of tests, and end."""
    os.setsid()
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    sys.dont_write_bytecode = True
    said = os.open(WORK / "output", os.O_RDWR | os.O_CREAT | os.O_TRUNC)
    for stream in range(3):
        os.dup2(said, stream)
    code = 1
    try:
        files = list(dict.fromkeys(test.partition("::")[0] for test in tests))
        code = pytest.main(["-x", "-q", "-p", "no:cacheprovider", *files], plugins=[Chosen(tests)]) if tests else 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(int(code))


def digest(*names: str) -> str:
    paths = (
        path
        for name in names
        for path in sorted((ROOT / name).rglob("*.py") if (ROOT / name).is_dir() else [ROOT / name])
    )
    return hashlib.sha256(b"".join(path.read_bytes() for path in paths)).hexdigest()


def prepare() -> tuple[Covered, dict[str, float]]:
    """Copy the project, and find out what its tests cover, unless that is known."""
    WORK.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(TREE, ignore_errors=True)
    files = subprocess.run(
        ["git", "ls-files", "-z", "-co", "--exclude-standard"], cwd=ROOT, stdout=subprocess.PIPE, check=True
    )
    for name in filter(None, files.stdout.decode().split("\0")):
        (TREE / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, TREE / name)
    os.chdir(TREE)
    sys.path[:0] = [str(TREE), str(TREE / "tests")]
    known, now = WORK / "covered.json", digest("core", "tests/unit/engine")
    if not known.exists() or (WORK / "covered.of").read_text() != now:
        print("Which test runs which line?", flush=True)
        child = os.fork()
        if not child:
            record()
            os._exit(0)
        os.waitpid(child, 0)
        (WORK / "covered.of").write_text(now)
    found = json.loads(known.read_text())
    return found["covered"], found["seconds"]


def report(outcomes: dict[Mutant, str], places_in_all: int) -> None:
    """Who survived, and the score of each room and of all."""
    from core.engine.metrics import wilson

    rooms = defaultdict(Counter)
    for mutant, outcome in outcomes.items():
        rooms[mutant.room]["tried"] += 1
        rooms[mutant.room]["noticed"] += outcome != "survived"
        if outcome == "survived":
            print(f"\n{mutant.file}:{mutant.line} {mutant.operator.removeprefix('core/')}\n{mutant.shown()}")
    print()
    for room, counts in sorted(rooms.items()):
        print(f"{room:12} {counts['noticed']:4} of {counts['tried']:4}")
    noticed, n = sum(counts["noticed"] for counts in rooms.values()), len(outcomes)
    low, high = wilson(noticed / n, n)
    print(
        f"Noticed: {noticed} of {n} ({noticed / n:.1%}, 95 % interval {low:.1%} to {high:.1%}); {places_in_all} places."
    )


def main(number: int) -> None:
    """Draw, try what is not known, report."""
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"  # they take a second to import, and the engine's tests use none
    mutants, places_in_all = drawn(number)
    covered, seconds = prepare()
    for name in HEAVY:
        import_module(name)
    kept = WORK / "outcomes.json"
    known = json.loads(kept.read_text()) if kept.exists() else {}
    outcomes, controls, failures = {}, 0, 0
    for count, mutant in enumerate(mutants):
        key = repr(mutant)
        entry = known.get(key)
        if entry is None or entry["as_of"] != digest(mutant.file, entry["test_file"]):
            tests = tests_of(mutant, covered, seconds)
            limit = 60 + 5 * sum(seconds[test] for test in tests)
            if count % CONTROL == 0:
                controls += 1
                failures += attempt(Mutant(mutant.file, mutant.line, "", 0), tests, 10 * limit)[0] != "survived"
            outcome, test = attempt(mutant, tests, limit)
            test_file = test.partition("::")[0] or "tests"  # whoever survived is tried again after any change of a test
            entry = {"outcome": outcome, "test": test, "test_file": test_file, "as_of": digest(mutant.file, test_file)}
            known[key] = entry
            kept.write_text(json.dumps(known, indent=1))
            print(
                f"{count + 1} of {len(mutants)}: {outcome} {mutant.file}:{mutant.line} {mutant.operator} {test}",
                flush=True,
            )
        outcomes[mutant] = entry["outcome"]
    report(outcomes, places_in_all)
    print(f"Unchanged, the tests failed in {failures} of {controls} runs.")


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else NUMBER)
