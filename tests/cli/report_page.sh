#!/bin/bash
# report.html without a browser: its numbers are those of the records, its bytes
# those of the records alone, and no text of a record leaves its place
set -u
. tests/lib.sh page
S=$BIN/stats
python3 -B tests/browser/records.py "$T/r" 2 2 9 6,5,4,4,4,4,4 100 || no records "records.py failed"
awk 'BEGIN { for (l = 0; l < 4; l++) for (s = 1; s < 3; s++)
    printf "{\"scope\":\"matrix\",\"kind\":\"q\",\"layer\":%d,\"tensor\":\"q%d\",\"n\":%d,\"nss\":%.2f,\"arm\":\"bf16\",\"seed\":%d}\n",
        l, l, 100 * s, l + s / 10, s }' >"$T/r/spectrum.jsonl"
for d in 1 2; do for s in 3 6 9; do
    echo "{\"step\":$s,\"weights\":9,\"apart\":$d.5,\"update\":$s,\"divergence\":0.$s$d,\"arm\":\"bf16\",\"seed\":1,\"draw\":$d}"
done; done >"$T/r/divergence.jsonl"
for f in "$T"/r/*.jsonl; do "$S" --quiet --tag -o "${f%.jsonl}.msgpack" "$f"; done
report() { "$S" --quiet --report "$1" --tasks "$T/r/tasks.json" --set arms='fp32 bf16 bf16-mixed' --responses "$T/r/eval" "${@:2}"; }
report "$T/a" "$T"/r/*.msgpack || no report "exit status $?"
"$S" --html "$T/a"
gives its_numbers_are_the_records "$(python3 -B - "$T/a/report.html" <<'P'
import sys
sys.path.insert(0, "tests/browser")
import records
data = records.page_data(sys.argv[1])
print("arms", data["arms"] == list(records.ARMS), [t["on"] for t in data["tasks"]] == [True] + [False] * 6)
c = data["metrics"]
ok = len(c["runs"]) == 12
for run in c["runs"]:
    arm = data["arms"][run["arm"]]
    want = [records.metric(arm, run["seed"], run["draw"], s) for s in run["step"]]
    for f, v in zip(c["fields"], run["v"]):
        got = v if isinstance(v, list) else [v] * 9
        ok &= all(abs(x - float(w[f])) <= 1e-5 * abs(x) for x, w in zip(got, want))
print("curves", ok, run["step"] == list(range(9)))
c = data["divergence"]
at = c["fields"].index("divergence")
print("divergence", [(data["arms"][r["arm"]], r["draw"], r["step"], r["v"][at]) for r in c["runs"]])
h = data["heat"]
grid = {g["field"]: g["v"] for g in h["grids"]}
q, e = h["parts"].index("q"), h["parts"].index("embed")
print("map", [round(x or 0, 5) for x in grid["sparsity"][0][q]], round(grid["sparsity"][2][e][0], 5),
      [x and round(x, 5) for x in grid["nss"][1][q]], grid["nss"][0][q][1])
t = data["questions"][0]
three = t["ids"].index("dm_val/3")
most = lambda q, of: max(abs(p[q] - t["p"][of][q]) for p in t["p"][of:])
print("in turn", most(0, 1) == max(most(q, 1) for q in range(6)), most(1, 0) == max(most(q, 0) for q in range(1, 6)))
print("questions", sorted(t["ids"]), [p[three] for p in t["p"]])
text = next(x for x in t["texts"] if x["q"] == three)
print("answers", [b["text"] == records.text("dm_val", 3, a, 0, 100) for a, b in zip(("base", *records.ARMS), text["by"])],
      text["prompt"], text["answer"])
P
)" "arms True True
curves True True
divergence [('bf16', 1, [3, 6, 9], [0.31, 0.61, 0.91]), ('bf16', 2, [3, 6, 9], [0.32, 0.62, 0.92])]
map [0, 0.2, 0.3, 0.4, 0.5] 0.1 [None, 0.16667, 1.16667, 2.16667, 3.16667] None
in turn True True
questions ['dm_val/0', 'dm_val/1', 'dm_val/2', 'dm_val/3', 'dm_val/4', 'dm_val/5'] [0, 1, 1, 1]
answers [True, True, True, True] What is 3 of dm_val? 3"
# the questions that moved most: the greatest differences of the records, by name where they tie
gives the_summary_names_what_moved_most "$(tail -n +2 "$T/a/tables/moved.tsv" | cut -f 1,3,6)" "$(python3 -B - <<'P'
import sys
sys.path.insert(0, "tests/browser")
import records
share = lambda arm, task, q: sum(records.right(arm, s, d, task, q, k) for s in (1, 2) for d in (0, 1) for k in (0, 1)) / 8
for arm in records.ARMS[1:]:
    rows = [(round(share(arm, t, q) - share("fp32", t, q), 6), f"{t}/{q}")
            for t, n in zip(records.TASKS, (6, 5, 4, 4, 4, 4, 4)) for q in range(n)]
    for diff, q in sorted((r for r in rows if r[0]), key=lambda r: (-abs(r[0]), r[1]))[:5]:
        print(arm, q, f"{diff:+.3f}", sep="\t")
P
)"
first=$(sed -n 2p "$T/a/tables/moved.tsv" | cut -f 3)
gives and_shows_both_answers "$(sed -n "s|^fp32, [a-z]* *fp32 says to ${first%/*} ${first#*/}\.[01]: so it .*|fp32|p; s|^bf16, [a-z]* *bf16 says to ${first%/*} ${first#*/}\.[01]: so it .*|bf16|p" "$T/a/summary.txt" | sort -u | tr '\n' ' ')" 'bf16 fp32 '
gives markup_of_a_record_is_no_markup "$(grep -c '<img\|taken' "$T/a/report.html") $(grep -c '<img' "$T/a/report.html")" "$(grep -c taken "$T/a/report.html") 0"
report "$T/b" $(ls -r "$T"/r/*.msgpack)
gives the_same_bytes_from_files_in_another_order "$(cmp "$T/a/report.in.html" "$T/b/report.in.html" && echo same)" same
gives it_names_no_place "$(grep -c "$T\|$PWD" "$T/a/report.html")" 0
python3 -B tests/browser/records.py "$T/s" 1 1 9 4,4,4,4,4,4,4 20000 || no records "records.py failed"
"$S" --quiet --report "$T/c" --tasks "$T/s/tasks.json" --responses "$T/s/eval" "$T"/s/*.jsonl
gives long_answers_are_cut_and_say_so "$(grep -o '"cut":[0-9]*' "$T/c/report.in.html" | sort -u)" '"cut":14000'
gives rows_without_headers_say_so "$(grep -c 'rows without headers' "$T/c/report.in.html")" 1
printf '{"id":"x"' >"$T/s/eval/fp32_seed1/gsm8k.responses.msgpack.zst"
fails broken_responses_are_named 3 'fp32_seed1/gsm8k.responses' "$S" --quiet --report "$T/d" --tasks "$T/s/tasks.json" \
    --responses "$T/s/eval" "$T"/s/*.jsonl
