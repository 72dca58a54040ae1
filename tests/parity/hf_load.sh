# Models that transformers saved (tests/golden/hf/make_hf.py): single files and
# shards, fp32, bf16 and fp16, tied and untied. logprob gives the
# log-probabilities that transformers gave in float64.
set -u
for d in tests/golden/hf/*/expected.jsonl; do
    d=${d%/expected.jsonl} name=hf_load_$(basename "${d%/expected.jsonl}")
    if ! "$BIN/logprob" --quiet --device cpu --model "$d" --as ours --json "$d/expected.jsonl" >"$T/out" 2>"$T/err"; then
        echo "not ok $name: $(cat "$T/err")"
        continue
    fi
    # fp32 sums over 16 to 40 terms and 2 layers: 5e-6 is a few roundings of
    # logits that reach 30
    sed 's/.*"hf":\[\([^]]*\)\],"ours":\[\([^]]*\)\].*/\1;\2/' "$T/out" | awk -F';' -v name="$name" '
        { n = split($1, a, ","); if (split($2, b, ",") != n) bad = 1
          for (i = 1; i <= n; i++) { d = a[i] - b[i]; d = d < 0 ? -d : d; tokens++
              if (d > worst) worst = d
              if (!(d <= 5e-6 - 1e-6 * a[i])) bad = 1 } }
        END { if (!bad && tokens == 94 && NR == 5) print "ok " name
              else print "not ok " name ": " tokens " tokens, largest difference " worst " nats"
              print tokens " tokens, largest difference " worst " nats" > "/dev/stderr" }'
done
