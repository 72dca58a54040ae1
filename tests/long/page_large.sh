#!/bin/bash
# page_large - report.html of 10 seeds x 3 draws x 3 arms on task sets of the real
# sizes, with answers of 7000 bytes: under 20 MB, and under 2 s of the processor
# until it can be read
set -u
. tests/lib.sh
# questions of dm_val, aime24, aime25, amc23, math500, gsm8k, mmlu_stem
python3 -B tests/browser/records.py "$T/r" 10 3 200 500,30,30,40,500,1319,3153 7000 || exit 1
for f in "$T"/r/*.jsonl; do
    "$BIN/stats" --quiet --tag -o "${f%.jsonl}.msgpack" "$f" && rm "$f" || exit 1
done
began=$(date +%s%N)
"$BIN/stats" --quiet --report "$T/out" --tasks "$T/r/tasks.json" --set arms='fp32 bf16 bf16-mixed' \
    --responses "$T/r/eval" "$T"/r/*.msgpack || exit 1
for g in reward delta_j kl sparsity; do
    ! command -v gnuplot >/dev/null || gnuplot -e "dir='$T/out'" pipelines/plots/$g.gp || exit 1
done
"$BIN/stats" --html "$T/out" || exit 1
echo "note the_page_was_made_in $((($(date +%s%N) - began) / 1000000)) ms"
size=$(stat -c %s "$T/out/report.html")
echo "note the_page_has $size bytes"
if [ "$size" -lt 20000000 ]; then ok a_large_page_is_under_20_MB; else no a_large_page_is_under_20_MB "$size bytes"; fi
if command -v chromium >/dev/null; then
    mkdir -p "$T/profile"
    gives a_large_page_comes_to_life "$(python3 -B - "$T/out/report.html" "$T/profile" <<'P'
import sys
sys.path.insert(0, "tests/browser")
from browser import Browser
with Browser(sys.argv[2]) as b:
    b.size(1280, 900)
    took = b.open("file://" + sys.argv[1])
    drawn = b.ready()
    work = b.work()
    print(f"note it_opens_in {took + drawn:.2f} s, of which {work:.2f} s of the processor", file=sys.stderr)
    print(b.errors, work < 2, b.js("data.questions.map(t => t.texts.length).join(' ')"))
P
)" "[] True 38 30 30 38 38 38 38"
else
    echo "skip a_large_page_comes_to_life: chromium is not installed"
fi
