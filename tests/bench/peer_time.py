"""peer_time - how the benches beside other programs time and compare

Time is the CPU's with one thread, so that a busy machine does not count, and
the clock's with more: then the machine must be idle. Runs of both sides
alternate; a line has the medians, and of the ratio of each pair the median, the
least and the most.
"""
import resource
import statistics
import time


def now(threads):
    if threads > 1:
        return time.perf_counter()
    return sum(u.ru_utime + u.ru_stime for u in map(
        resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)))


def timed(fn, threads):
    """Seconds that fn took, and what it gave."""
    began = now(threads)
    n = fn()
    return now(threads) - began, n


def beyond(long, shorts):
    """Seconds that a run took beyond short ones; None where that is within ten
    times what those differ by, and so may be noise."""
    rest = long - statistics.median(shorts)
    return rest if rest > 10 * (max(shorts) - min(shorts)) else None


def spread(values):
    return (f"{statistics.median(values):8.2f} ({min(values):.2f} to "
            f"{max(values):.2f})")


def compare(what, mine, theirs, target, repeat, most=None):
    """mine, theirs: functions that give tokens per second, None where noise hid
    them; the line has a ratio where most pairs of runs were measured. most:
    tokens per second at the machine's peak."""
    pairs = [(mine(), theirs()) for _ in range(repeat)]
    known = [p for p in pairs if None not in p]
    if 2 * len(known) <= repeat:
        print(f"{what:<26}not measured: of {repeat} pairs of runs "
              f"{repeat - len(known)} were not ten times as long as starting "
              f"them varies (a busy machine?)", flush=True)
        return
    a, b = zip(*known)
    print(f"{what:<26}{statistics.median(a):10.0f}{statistics.median(b):10.0f}"
          f" tokens/s   ratio {spread([x / y for x, y in zip(a, b)])}"
          f"   target {target}", flush=True)
    if most:
        print(f"{'':<26}{most:10.0f} at the peak of multiply-adds: a ratio of "
              f"{most / statistics.median(b):.1f}", flush=True)
