"""packing - stages on the devices of a cluster, the longest chain first

Every stage takes the same number of devices (RANKS); a group of so many is a
slot. What may begin and has most before its chain ends goes first, to the slot
that is free first: longest processing time, with what follows a stage counted.
"""
import heapq


class Job:
    """seconds on one slot. after: a Job that must have ended before, or None."""

    def __init__(self, name, seconds, after=None):
        self.name, self.seconds, self.after = name, seconds, after
        self.following = []
        if after:
            after.following.append(self)
        self.chain = self.end = 0.0


def chains(jobs):
    """chain of each: its seconds and those of the longest that follows. A job
    stands after what it waits for."""
    for j in reversed(jobs):
        j.chain = j.seconds + max((f.chain for f in j.following), default=0)


def pack(jobs, slots):
    """A dict: seconds until the last has ended, the longest chain, busy: seconds
    of all slots together."""
    chains(jobs)
    ready = [(-j.chain, i, j) for i, j in enumerate(jobs) if not j.after]
    number = {id(j): i for i, j in enumerate(jobs)}
    heapq.heapify(ready)
    running, free, now = [], slots, 0.0
    while ready or running:
        while ready and free:
            _, i, j = heapq.heappop(ready)
            j.end = now + j.seconds
            heapq.heappush(running, (j.end, i, j))
            free -= 1
        now, _, done = heapq.heappop(running)
        free += 1
        for f in done.following:
            heapq.heappush(ready, (-f.chain, number[id(f)], f))
    return dict(seconds=now, chain=max((j.chain for j in jobs), default=0.0),
                busy=sum(j.seconds for j in jobs))
