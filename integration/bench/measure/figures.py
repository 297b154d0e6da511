"""Numbers for people."""

import os
import platform
import statistics


def percentile(samples, share):
    """The smallest sample that so large a share of all does not exceed."""
    ordered = sorted(samples)
    return ordered[max(0, -(-len(ordered) * share // 100) - 1)]


def median(samples):
    return statistics.median(samples)


def span(nanoseconds):
    """As few digits as tell what is to be told."""
    for unit, size in (("s", 1e9), ("ms", 1e6), ("µs", 1e3)):
        if abs(nanoseconds) >= size:
            return f"{nanoseconds / size:.3g} {unit}" if nanoseconds < 100 * size else f"{nanoseconds / size:.0f} {unit}"
    return f"{nanoseconds:.0f} ns"


def kibibytes(count):
    return f"{count / 1024:.0f} KiB" if count < 10 << 20 else f"{count / (1 << 20):.1f} MiB"


class Table:
    """Left-aligned names, right-aligned figures."""

    def __init__(self, *heads):
        self._rows = [heads]

    def row(self, *cells):
        self._rows.append(tuple(map(str, cells)))

    def show(self):
        widths = [max(len(row[column]) for row in self._rows) for column in range(len(self._rows[0]))]
        for row in self._rows:
            cells = [cell.rjust(width) for cell, width in zip(row[1:], widths[1:])]
            print("  ".join([row[0].ljust(widths[0]), *cells]).rstrip())
        print(flush=True)


def introduce(title):
    """What is measured, and on what."""
    print(title)
    where = "in a virtual machine, " if "PINFOLD_VM" in os.environ else ""
    print(f"{where}Linux {platform.release()}, {os.cpu_count()} processors, load {os.getloadavg()[0]:.1f} at the start\n", flush=True)


def goal(text, is_met):
    print(f"{'met    ' if is_met else 'NOT MET'}  {text}")


def finish():
    print(f"load {os.getloadavg()[0]:.1f} at the end")
