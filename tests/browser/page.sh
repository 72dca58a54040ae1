#!/bin/bash
# page - report.html in a real browser: nothing is fetched, no error is said,
# charts, tables, search, answers, keyboard, print and dark do what they should
set -u
here=tests/browser
if ! command -v chromium >/dev/null && ! command -v google-chrome >/dev/null; then
    echo "skip the_page_in_a_browser: chromium is not installed"
    exit 0
fi
if [ ! -e /usr/share/nodejs/d3/dist/d3.min.js ]; then
    echo "skip the_page_in_a_browser: node-d3 is not installed"
    exit 0
fi
python3 $here/records.py "$T/r" 3 2 12 5,4,4,4,4,4,4 300 || exit 1
for f in "$T"/r/*.jsonl; do
    "$BIN/stats" --quiet --tag -o "${f%.jsonl}.msgpack" "$f" || exit 1
done
"$BIN/stats" --quiet --report "$T/out" --tasks "$T/r/tasks.json" \
    --set arms='fp32 bf16 bf16-mixed' --responses "$T/r/eval" \
    "$T"/r/*.msgpack || exit 1
if command -v gnuplot >/dev/null; then
    for g in reward delta_j kl sparsity; do
        gnuplot -e "dir='$T/out'" pipelines/plots/$g.gp || exit 1
    done
fi
"$BIN/stats" --html "$T/out" || exit 1
python3 -B $here/page.py "$T/out/report.html" "$T/profile"
