#!/bin/bash
# stream_write - full disks, size limits and kills leave no half output
set -u
draw=$BIN/draw show=$BIN/show small=tests/golden/record/small.msgpack
if [ ! -x "$draw" ]; then
    echo "skip stream_write: no draw"
    exit 0
fi
. tests/lib.sh write

mkdir "$T/d"
(ulimit -f 64 && "$draw" --count 100000 --quiet -o "$T/d/x" $small) 2>"$T/err"
is limit_exit 1 $?
is limit_message "draw: $T/d/x: File too large" "$(cat "$T/err")"
is limit_leaves_nothing "" "$(ls -A "$T/d")"
(ulimit -f 64 && "$draw" --count 100000 --quiet $small >"$T/y") 2>"$T/err"
is limit_stdout_exit 1 $?
is limit_stdout_message "draw: standard output: File too large" \
    "$(cat "$T/err")"
"$show" --count "$T/y" >/dev/null 2>&1
is limit_stdout_is_cut 3 $?
"$draw" --count 10 --quiet $small >/dev/full 2>"$T/err"
is full_exit 1 $?
is full_message "draw: standard output: No space left on device" \
    "$(cat "$T/err")"

"$draw" --count 5 --quiet -o "$T/d/old" $small
sum=$(cksum <"$T/d/old")
# endless: it is in the midst of writing whenever it is killed
"$draw" --quiet -o "$T/d/old" $small &
pid=$!
sleep 0.2
kill -9 $pid
wait $pid 2>/dev/null
is kill_keeps_the_old "$sum" "$(cksum <"$T/d/old")"
"$draw" --quiet -o "$T/d/new" $small &
pid=$!
sleep 0.1
kill -9 $pid
wait $pid 2>/dev/null
# shellcheck disable=SC2010 # names of our own
is kill_makes_no_new 0 "$(ls "$T/d" | grep -c new)"
# a killed producer shows in the pipe
sh -c '"$0" --quiet "$1" & pid=$!; sleep 0.2; kill -9 $pid' "$draw" $small \
    2>/dev/null | "$show" --count >/dev/null 2>"$T/err"
is killed_producer 3 $?
is killed_producer_is_named 1 "$(grep -c '^show: stdin: truncated: ' "$T/err")"
"$draw" --count 1 --quiet -o /nonexistent/dir/x $small 2>"$T/err"
is no_directory 1 $?
is no_directory_message \
    "draw: /nonexistent/dir/x: No such file or directory" "$(cat "$T/err")"
