# tests/bench/peers.py: a difference of two noisy times gives no ratio. Its own
# functions, with stand-ins for torch and transformers and for the clock.
set -u
mkdir "$T/stub"
touch "$T/stub/torch.py"
echo 'Qwen2Config = Qwen2ForCausalLM = None' >"$T/stub/transformers.py"
PYTHONPATH="$T/stub:tests/bench" PYTHONDONTWRITEBYTECODE=1 python3 - "$BIN" 0.5b >"$T/out" 2>"$T/err" <<'P'
import itertools
import peers

def runs(per_token, noise):
    """run(n): a start of 1 s that varies by noise, and the tokens."""
    off = itertools.cycle((0, noise, noise / 2, noise / 3))
    return lambda n: 1 + next(off) + n * per_token

def rate(per_token, noise):
    run = runs(per_token, noise)
    return lambda: peers.rate_beyond(run)

peers.MACHINE = None
peers.compare("quiet", rate(0.1, 0.01), rate(0.2, 0.01), "1")
peers.compare("noisy", rate(0.1, 300), rate(0.2, 0.01), "1")
peers.compare("longer", rate(0.1, 5), rate(0.2, 0.01), "1")
peers.compare("backwards", rate(-0.1, 0.01), rate(0.2, 0.01), "1")
P
check() { if grep -Eq "$2" "$T/out"; then echo "ok peers_$1"; else echo "not ok peers_$1: $(tr '\n' ';' <"$T/out")$(tail -n 1 "$T/err")"; fi; }
check a_quiet_machine_gives_the_ratio '^quiet .* ratio +(2\.0|1\.9)'
check noise_gives_no_ratio '^noisy +not measured'
check a_longer_run_is_tried '^longer .* ratio +(2|1\.[89])'
check time_going_backwards_gives_no_ratio '^backwards +not measured'
