#!/bin/bash
# interop - Python's msgpack and zstandard read our streams and we read theirs
set -u
golden=tests/golden/record
python=${PYTHON:-python3}
if ! "$python" -c 'import msgpack, zstandard' 2>/dev/null; then
    echo "skip python_reads_our_streams: $python has no msgpack, zstandard"
    exit 0
fi
if [ ! -x "$BIN/draw" ]; then
    echo "skip python_reads_our_streams: no draw"
    exit 0
fi
# what draw adds is taken away again, order is undone
plain() { sed "s/, 'epoch': [0-9]*, 'position': [0-9]*}/}/" | sort; }
"$python" tests/interop/read_stream.py $golden/small.msgpack | sort >"$T/want"
for out in a a.zst; do
    "$BIN/draw" --count 3 --quiet -o "$T/$out" $golden/small.msgpack.zst
    "$python" tests/interop/read_stream.py "$T/$out" | plain >"$T/got"
    if [ -s "$T/got" ] && cmp -s "$T/want" "$T/got"; then
        echo "ok python_reads_our_streams $out"
    else
        echo "not ok python_reads_our_streams $out: $(diff "$T/want" "$T/got" | head -3 | tr '\n' ' ')"
    fi
done
