# One folder of results and two hosts (namespaces, hosts.bash): a make is refused where
# one of another host is at work, and says who that is; it begins when that one has
# ended or was killed, and when its lock was taken away. Programs are stand-ins.
set -u
. tests/e2e/dag_stubs.bash
. tests/hosts.bash
verdict_prefix=two_hosts_
lacks=$(hosts_lack)
[ -z "$lacks" ] || { echo "skip two_hosts: $lacks"; exit 0; }
trap hosts_down EXIT
hosts_up || { no up "$(cat "$T/up.err")"; exit 1; }
R=$T/r gate=$T/gate goal=train_logs/fp32_seed1/step-4
owner=$R/.make/owner
make_on() { # HOST ARGS...
    local host=$1
    shift
    # shellcheck disable=SC2086
    "$T/on" "$host" env -u MAKEFLAGS -u MAKELEVEL -u MAKEOVERRIDES timeout 120 make -j2 $old BIN="$T/bin" B="$T/none" CUDA=0 MPI=0 DEVICE=cpu R="$R" \
        "${small[@]}" "$@" "$R/$goal" </dev/null >"$T/out.$host" 2>"$T/err.$host"
    status=$?
}
gated() { # make at work on alpha, in its first sampler
    rm -rf "$R/train_logs" "$R/.make/train_logs" "$gate"
    mkdir -p "$gate"
    (STUB_GATE=$gate make_on alpha; echo "$status" >"$T/status") &
    running=$!
    for _ in $(seq 300); do [ ! -e "$gate/log" ] || break; sleep 0.1; done
}
ended() { # with the status of alpha's make; its lock goes a moment later
    wait "$running"
    for _ in $(seq 100); do [ -e "$owner" ] || return; sleep 0.1; done
}
dag_make R="$R" "${small[@]}" "$R/$goal"
bytes "$R" >"$T/want"
rm -rf "$R"

gated
make_on beta
said=$(grep -v '^make: \*\*\* \[' "$T/err.beta")
is another_host_is_refused '2 1' "$status $(wc -l <<<"$said")"
[[ $said =~ R=.*/r:\ make\ [0-9]+\ of\ [a-z0-9]+\ on\ alpha\ is\ at\ work\ there\ since\ 20[0-9-]+\ [0-9:]+\ .*\ [0-9]+\ s\ ago\)\;\ if\ it\ is\ gone:\ rm\ .*/r/.make/owner$ ]] &&
    ok and_told_by_whom || no and_told_by_whom "$said"
touch "$gate/open"
ended
is the_first_ends_in_peace '0 ' "$(cat "$T/status") $(ls "$owner" 2>/dev/null)"
make_on beta
is then_the_other_finds_all_made '0 0' "$status $(grep -c '^\[' "$T/err.beta")"
bytes "$R" | cmp -s - "$T/want" && ok same_bytes || no same_bytes "$(bytes "$R" | diff - "$T/want" | head -n 3)"

gated
pid=$(sed -n 's/.*"pid": "\([0-9]*\)".*/\1/p' "$owner")
kill -9 "$pid" # make alone: its stage works on, and then ends
touch "$gate/open"
ended
make_on beta
is a_make_that_is_killed_frees_it '0 same' "$status $(bytes "$R" | cmp -s - "$T/want" && echo same)"

# --- a host that is gone leaves its lock
rm -rf "$R/train_logs" "$R/.make/train_logs"
lock() { printf '{"pid": "%s", "born": "%s", "user": "ann", "host": "%s", "boot": "%s", "since": "2026-01-02 03:04"}\n' "$@" >"$owner"; }
lock 4711 99 gamma x
touch -d '-2 hours' "$owner"
make_on beta
grep -Eq 'make 4711 of ann on gamma is at work there since 2026-01-02 03:04 \(its last sign of life: 72[0-9][0-9] s ago\)' "$T/err.beta" && ok a_silent_host_is_named ||
    no a_silent_host_is_named "$(cat "$T/err.beta")"
is and_nothing_is_begun '2 0' "$status $(find "$R/train_logs" 2>/dev/null | wc -l)"
lock 4711 99 beta "$(cat "$T/boot_id.beta")"
make_on beta
is a_dead_make_of_this_host_is_replaced 0 "$status"
lock 1 99 beta another-boot
make_on beta
is so_is_one_of_before_it_started_anew 0 "$status"
lock 1 99 localhost another-boot
make_on beta
is but_not_where_the_name_says_nothing 2 "$status"
# by its take-over line
eval "$(sed -n 's/.*if it is gone: //p' "$T/err.beta")"
make_on beta
is taken_over 0 "$status"

turn() { PYTHONPATH=pipelines python3 -c "import turn; turn.HALF_S = 0.2; print(turn.state_of(turn.read_file('$owner'), turn.me('$$')))"; }
: >"$owner"
is a_lock_that_says_nothing_goes gone "$(turn)"
# and one of a make that was killed before its birth was read, which held up the next for ever
PYTHONPATH=pipelines python3 -c "import json, turn; print(json.dumps(turn.me('4194305')))" >"$owner"
is a_make_without_a_birth_goes gone "$(turn)"
