"""Fetches all agents, two at a time: the index is slower than the machine."""

import concurrent.futures
import time

from rig.failures import Skipped

from .kinds import AGENTS


def install_all():
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for line in pool.map(_install, AGENTS):
            print(line, flush=True)
    return 0


def _install(agent):
    start = time.monotonic()
    try:
        agent.get()
    except Skipped as reason:
        return f"{agent.name}: {reason}"
    return f"{agent.name} {agent.version}: {time.monotonic() - start:.0f} s"
