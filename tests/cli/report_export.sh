#!/bin/bash
# stats --tidy and --tensorboard: every number, where it belongs, in formats that
# other tools read. The event file of tests/golden/tensorboard is TensorBoard's own.
set -u
. tests/lib.sh export
S=$BIN/stats
G=tests/golden/tensorboard

"$S" --tidy $G/records.jsonl >"$T/a.tsv" || no tidy "exit status $?"
gives tidy_has_every_number_once "$(python3 - $G/records.jsonl "$T/a.tsv" <<'P'
import csv, json, sys
place = {"step": "step", "run": "run", "arm": "arm", "seed": "seed", "task": "task",
         "scope": "scope", "kind": "part", "layer": "layer"}
def leaves(x, path=""):
    for k, v in x.items():
        if isinstance(v, dict):
            yield from leaves(v, f"{path}{k}.")
        elif isinstance(v, (int, float)) and k not in ("step", "seed", "layer"):
            yield path + k, float(v)
want = []
for r in map(json.loads, open(sys.argv[1])):
    at = {c: str(r[k]) if k in r else "NA" for k, c in place.items()}
    want += [(*sorted(at.items()), k, v) for k, v in leaves(r)]
with open(sys.argv[2], newline="") as f:
    rows = list(csv.DictReader(f, delimiter="\t"))
got = [(*sorted((c, row[c]) for c in place.values()), row["metric"], float(row["value"])) for row in rows]
print(got == want, {(row["kind"], row["draw"], row["replicate"], row["tensor"]) for row in rows} ==
      {(k, "0", "0", "NA") for k in ("metrics", "scores", "kl_scores", "sparsity")})
P
)" "True True"
"$S" --tidy --json $G/records.jsonl >"$T/a.jsonl" || no tidy_json "exit status $?"
gives json_lines_say_the_same "$(python3 - "$T/a.tsv" "$T/a.jsonl" <<'P'
import csv, json, sys
rows = [{k: v for k, v in r.items() if v != "NA"} for r in csv.DictReader(open(sys.argv[1]), delimiter="\t")]
lines = [json.loads(s) for s in open(sys.argv[2])]
same = [{k: str(v) for k, v in r.items() if k != "value"} for r in lines] == \
       [{k: v for k, v in r.items() if k != "value"} for r in rows]
print(same, [float(r["value"]) for r in rows] == [r["value"] for r in lines])
P
)" "True True"
printf '{"arm":"a\\tb","seed":3,"draw":2,"replicate":1,"x":0.1}\n' >"$T/b.jsonl"
gives a_tab_in_a_name_is_escaped "$("$S" --tidy "$T/b.jsonl" | tail -1)" \
    "$(printf 'NA\tNA\ta\\tb\tNA\t3\t2\t1\tNA\tNA\tNA\tNA\tNA\tx\t0.1')"
gives set_tags_rows "$(echo '{"step":1,"loss":0.5}' | "$S" --tidy --set run=mine | tail -1)" \
    "$(printf 'NA\tmine\tNA\tNA\tNA\t0\t0\t1\tNA\tNA\tNA\tNA\tloss\t0.5')"
"$S" --tag --quiet -o "$T/k.msgpack" $G/records.jsonl
gives a_named_output "$("$S" --tidy -o "$T/k.tsv" "$T/k.msgpack" && cut -f 2- "$T/k.tsv" | cksum)" \
    "$(cut -f 2- "$T/a.tsv" | cksum)"
head -c 300 "$T/k.msgpack" >"$T/cut"
fails truncated_input 3 'truncated' "$S" --tidy -o "$T/none.tsv" "$T/cut"
is and_then_there_is_no_output "" "$(ls "$T" | grep none)"

"$S" --tensorboard "$T/tb" $G/records.jsonl || no tensorboard "exit status $?"
gives an_event_file_is_as_tensorboard_writes_it \
    "$(cmp "$T/tb/bf16_seed1/events.out.tfevents.0.ulp" $G/bf16_seed1.tfevents && echo same)" same
tac $G/records.jsonl | "$S" --tensorboard "$T/tb2" || no tensorboard_from_a_pipe "exit status $?"
gives the_order_of_records_changes_no_byte "$(diff -r "$T/tb" "$T/tb2" && echo same)" same
printf '{"step":0,"loss":1,"updates":1,"arm":"x","seed":%s,"draw":1}\n' 1 2 | "$S" --tensorboard "$T/tb3"
gives a_run_without_a_name_gets_one "$(cd "$T/tb3" && echo ./*)" "./x_seed1_draw1 ./x_seed2_draw1"
printf '{"step":0,"loss":1,"updates":1,"run":"../../up"}\n' | "$S" --tensorboard "$T/tb4"
gives a_name_of_a_run_leads_nowhere_else "$(find "$T/tb4" -name '*tfevents*' | wc -l)" 1
fails a_number_of_no_run 3 'neither run nor arm' bash -c "echo '{\"step\":1,\"loss\":2}' | $S --tensorboard $T/tb5"
fails a_folder_that_cannot_be_made 1 'a.tsv' "$S" --tensorboard "$T/a.tsv/x" $G/records.jsonl
fails two_modes 2 'more than one of' "$S" --tidy --score $G/records.jsonl
