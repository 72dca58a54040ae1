"""peer_worker - one other program, in a process of its own

usage: python3 peer_worker.py MODULE DIR fp32|bf16 THREADS TMP

Opens the peer of MODULE (peer_llama, peer_ct2, peer_torch), writes {"name": ...}
or {"skip": why}, then answers each line of its input with one of its output:
{"prompts", "samples", "n_new", "greedy"} or {"update": records} with {"seconds",
"tokens"}. Seconds are those of the call alone (peer_time.py).
"""
import importlib
import json
import os
import sys


def open_peer(module, dir_, type_, threads, tmp):
    """A peer and what to say of it; None where there is none."""
    try:
        m = importlib.import_module(module)
        return m.Peer(dir_, type_, threads, tmp), {"name": m.NAME}
    except ImportError as e:
        return None, {"skip": f"no {e.name}" if e.name else str(e)}
    except NotImplementedError as e:
        return None, {"skip": str(e)}
    except Exception as e:  # of programs that are not ours, of any kind
        return None, {"skip": f"{type(e).__name__}: {e}"}


def main():
    module, dir_, type_, threads, tmp = sys.argv[1:6]
    threads = int(threads)
    os.environ["OMP_NUM_THREADS"] = str(threads)
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what peers print is no answer
    import peer_time
    peer, said = open_peer(module, dir_, type_, threads, tmp)
    print(json.dumps(said), file=answers, flush=True)
    for line in sys.stdin if peer else ():
        want = json.loads(line)
        call = (lambda: peer.update(want["update"])) if "update" in want else \
            (lambda: peer.run(**want))
        seconds, tokens = peer_time.timed(call, threads)
        print(json.dumps({"seconds": seconds, "tokens": tokens}),
              file=answers, flush=True)


main()
