# howto_kernel - the example of docs/HOWTO-kernel.md, added to a copy of the
# project: it touches five files, is missed while no case calls it, and has the
# same bits on every instruction set and in the simulator
set -u
. tests/lib.sh howto_kernel
unset MAKEFLAGS MFLAGS MAKELEVEL
example=$PWD/tests/long/howto_kernel.py
mkdir "$T/tree"
tar -c --exclude=./.git --exclude=./build --exclude=./results . | tar -x -C "$T/tree"
cp -r "$T/tree" "$T/before"
cd "$T/tree" || exit 1
tests() { # TEST...
    make CUDA=0 check TESTS="$*" >"$T/log" 2>&1
}
check the_operation python3 -B "$example" operation
tests tests/unit/kernels_isa.c
check no_case_calls_it grep -q 'no case calls scale' "$T/log"
check the_case python3 -B "$example" case
tests tests/unit/kernels_isa.c tests/unit/cuda_parity.c tests/cli/twins.sh
is same_bits 0 "$?$(grep -m 3 -E 'error|not ok' "$T/log")"
is files 5 "$(diff -rq --exclude=build --exclude=bin "$T/before" "$T/tree" | wc -l)"
