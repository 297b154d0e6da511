"""Runs tests, each in a process of its own, and says in a line each what became of them."""

import argparse
import concurrent.futures
import ctypes
import fnmatch
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import traceback

from . import machine
from .failures import Failed, Skipped
from .registry import ALL
from .world import World

LIMIT = int(machine.PATIENCE * 3)
PR_SET_PDEATHSIG = 1


def main(description):
    options = _options(description)
    if options.run:
        sys.exit(_run_here(ALL[options.run], options.reports))
    names = _chosen(options.names)
    if options.list:
        print("\n".join(names))
        return
    if not os.access(machine.pinfold(), os.X_OK):
        sys.exit(f"there is no {machine.pinfold()}; build it with 'swift build', or name one with PINFOLD")
    sys.exit(_run_all(names, options))


def _options(description):
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help="tests to run, with * for any characters (default: all)"
    )
    parser.add_argument("--list", action="store_true", help="print the names of the tests and run none")
    parser.add_argument("--jobs", type=int, default=4, metavar="N", help="tests at a time (default: 4)")
    parser.add_argument("--reports", metavar="DIR", help="where what was said in tests that fail is kept")
    parser.add_argument("--run", help=argparse.SUPPRESS)
    return parser.parse_args()


def _chosen(patterns):
    if not patterns:
        return list(ALL)
    # Names hold brackets, which fnmatch takes for sets of characters.
    escaped = [pattern.replace("[", "[[]") for pattern in patterns]
    names = [name for name in ALL if any(fnmatch.fnmatchcase(name, pattern) for pattern in escaped)]
    if not names:
        sys.exit(f"there is no test {' or '.join(patterns)}; see --list")
    return names


def _run_all(names, options):
    reports = options.reports or tempfile.mkdtemp(prefix="pinfold-harness-reports-")
    os.makedirs(reports, exist_ok=True)
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        runs = [pool.submit(_run_apart, name, reports) for name in names]
        for run in concurrent.futures.as_completed(runs):
            line = run.result()
            counts[line.split(" ", 1)[0]] += 1
            print(line, flush=True)
    print(", ".join(f"{count} {state}" for state, count in counts.items()))
    if counts["failed"]:
        print(f"what was said in the tests that failed is in {reports}")
    elif not options.reports:
        shutil.rmtree(reports)
    return 1 if counts["failed"] or not counts["passed"] else 0


def _run_apart(name, reports):
    words = [sys.executable, os.path.realpath(sys.argv[0]), "--run", name, "--reports", reports]
    done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    lines = done.stdout.splitlines()
    if lines and lines[-1].split(" ")[0] in ("passed", "failed", "skipped"):
        return lines[-1]
    return f"failed {name}: the test's process left with {done.returncode}: {(done.stderr.splitlines() or [''])[-1]}"


def _run_here(test, reports):
    reason = test.missing()
    if reason:
        print(f"skipped {test.name}: {reason}")
        return 0
    _heed_signals()
    world = None
    wrongs, details = [], ""
    try:
        world = World(**test.settings)
        test.body(world)
    except Skipped as skip:
        _close(world, False)
        print(f"skipped {test.name}: {skip}")
        return 0
    except Failed as failure:
        wrongs, details = [str(failure)], traceback.format_exc()
    except Exception as error:  # noqa: BLE001 - whatever it is, it is this test's failure
        wrongs, details = [f"{type(error).__name__}: {error}"], traceback.format_exc()
    report = _report(world, details)
    wrongs += _close(world, is_well=not wrongs)
    if not wrongs:
        print(f"passed {test.name}")
        return 0
    if not details:
        report = _report(world, "")
    with open(os.path.join(reports, f"{test.name}.txt"), "w", encoding="utf-8", errors="replace") as file:
        file.write("\n".join(wrongs) + "\n\n" + report)
    print(f"failed {test.name}: {'; '.join(wrongs)}".replace("\n", " "))
    return 1


def _heed_signals():
    """Has this process clear away before it leaves: out of time, told to leave, or with its parent gone."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    for number in (signal.SIGALRM, signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _leave)
    signal.alarm(LIMIT)


def _leave(number, _):
    raise Failed(f"it took longer than {LIMIT} s" if number == signal.SIGALRM else "it was told to leave")


def _close(world, is_well):
    return world.close(is_well) if world else []


def _report(world, details):
    """All that was said, for whoever looks for the reason."""
    if world is None:
        return details
    parts = [details]
    for talk in world.talks:
        parts.append(f"== client of '{talk.name}': {' '.join(talk.words)}\n{talk.said()}")
        if talk.rest:
            parts.append(f"   and half a line: {talk.rest[:300]!r}")
        parts.append(f"-- its standard error\n{talk.errors.decode('utf-8', 'replace')}")
        parts.append("-- what the agent was told\n" + "\n".join(str(entry)[:500] for entry in talk.log.entries()))
    parts.append(f"== controller\n{world.controller_errors}")
    return "\n".join(parts) + "\n"
