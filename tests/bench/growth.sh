#!/bin/bash
# growth - one table: how time and memory grow with batch, context and model
#
# usage: tests/bench/growth.sh PROGRAM [ARM [THREADS [SHAPES]]]
#
# PROGRAM is build/*/bench/growth, which says what is measured; SHAPES are some
# of "tiny 17M 135M". A sweep varies one size. "bound" is what the operations
# take at least at this machine's FLOP/s and bytes/s, measured in the same run.
# "time" and "memory" say how much a line takes beyond the one before in its
# sweep: its time, by that of the line before, by the same of the bound; and MB
# added by each sequence or position. A time past 1.2 grows faster than its
# bound and ends in "*".
set -eu
program=$1 arm=${2:-fp32} threads=${3:-1} shapes=${4:-tiny 17M 135M}

sweep() { # WHAT SHAPE batch POSITIONS SEQUENCES... | WHAT SHAPE context SEQUENCES POSITIONS...
    local what=$1 shape=$2 by=$3 other=$4 v
    shift 4
    case " $shapes " in *" $shape "*) ;; *) return 0 ;; esac
    for v; do
        if [ "$by" = batch ]; then echo "$what $shape $v $other"; else echo "$what $shape $other $v"; fi
    done
}
points() {
    for s in tiny 17M; do
        sweep generate $s batch 64 1 4 16 64 256
        sweep generate $s context 16 64 256 1024 4096
    done
    sweep generate 135M batch 64 1 4 16 64
    sweep generate 135M context 4 64 256 1024
    for w in score train; do
        sweep $w tiny batch 64 1 4 16 64 256
        sweep $w tiny context 4 64 256 1024 4096
        sweep $w 17M batch 64 1 4 16 64
        sweep $w 17M context 1 64 256 1024 4096
        sweep $w 135M batch 64 1 4 16
        sweep $w 135M context 1 64 256 1024
    done
}

points | "$program" "$arm" "$threads" | awk -F'\t' -v arm="$arm" -v threads="$threads" '
/^#/ {
    print substr($0, 3) "; " arm ", " threads " thread" (threads == 1 ? "" : "s")
    printf "%-9s %-5s %9s %9s %10s %10s %6s %7s %8s %8s %9s\n", "", "model", "sequences", "positions",
        "tokens/s", "bound", "share", "time", "MB", "weights", "memory"
    next
}
{
    by = $1 == what && $2 == shape ? ($4 == len && $3 > n ? "n" : $3 == n && $4 > len ? "len" : "") : ""
    time = memory = ""
    if (by != "") {
        ratio = ($6 / s) / ($7 / bound)
        time = sprintf("%.2f%s", ratio, ratio > 1.2 ? "*" : "")
        memory = sprintf("%.4f", ($8 - mb) / (by == "n" ? $3 - n : $4 - len))
    } else if (NR > 2)
        print ""
    printf "%-9s %-5s %9d %9d %10.0f %10.0f %5.0f%% %7s %8.1f %8.1f %9s\n", $1, $2, $3, $4, $5 / $6, $5 / $7,
        100 * $7 / $6, time, $8, $9, memory
    fflush()
    what = $1; shape = $2; n = $3; len = $4; s = $6; bound = $7; mb = $8
}'
