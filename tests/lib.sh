# shellcheck shell=bash
# lib - what test scripts share. Sourced from the project's root:
#
#     . tests/lib.sh PREFIX
#
# names verdicts PREFIX_NAME; without PREFIX, NAME. tests/run has what BIN, T and
# SHARED are, and counts the lines.
verdict_prefix=${1:+${1}_}
# words of a make that takes the programs as they are and builds nothing: tests may run side by side
# shellcheck disable=SC2034 # for who sources this
built=(CUDA=0 MPI=0 BIN="$BIN" B="$T/none")
for built_of in bin/*.c; do built_of=${built_of#bin/} built+=(-o "$BIN/${built_of%.c}"); done
unset built_of

ok() { echo "ok $verdict_prefix$1"; }
no() { echo "not ok $verdict_prefix$1: $2"; }

is() { # NAME WANT GOT
    if [ "$2" = "$3" ]; then ok "$1"; else no "$1" "found '${3:0:400}', expected '${2:0:400}'"; fi
}

gives() { # NAME GOT WANT, for a long command before a short answer
    is "$1" "$3" "$2"
}

check() { # NAME COMMAND...: exit status 0; what it says is in $T/err
    local name=$1
    shift
    if "$@" >/dev/null 2>"$T/err"; then ok "$name"; else no "$name" "$(head -c 300 "$T/err")"; fi
}

fails() { # NAME STATUS TEXT COMMAND...: that exit status, and TEXT is in what it says
    local name=$1 want=$2 text=$3 rc=0
    shift 3
    "$@" >"$T/out" 2>"$T/err" || rc=$?
    if [ "$rc" != "$want" ]; then
        no "$name" "exit status $rc, expected $want: $(head -c 300 "$T/err")"
    elif ! grep -qF -e "$text" "$T/err"; then
        no "$name" "no '$text' in: $(head -c 300 "$T/err")"
    else
        ok "$name"
    fi
}

mpi_launcher() { # openmpi or mpich: what starts ranks over it, but for -n N; 1 where it is not here
    [ -e "$BIN/comm-$1.so" ] && command -v "mpirun.$1" >/dev/null || return 1
    case $1 in
    openmpi) echo mpirun.openmpi --oversubscribe ;; # more ranks than processors
    *) echo "mpirun.$1" ;;
    esac
}

stages_ran() { # labels of the stages that make, whose stderr is in $T/err, has run
    sed -n '/^\[/{s/^[^]]*\] //; s/ *[0-9.]* s   (.*//; p;}' "$T/err"
}
