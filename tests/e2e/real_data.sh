# Real input: 50 GSM8K questions with the real Qwen2 tokenizer through the whole
# chain of filters, under small random models with the full vocabulary.
set -u
verdict() { # NAME STATUS WHY
    if [ "$2" = 0 ]; then echo "ok real_data_$1"; else echo "not ok real_data_$1: $3"; fi
}
set_=$SHARED/datasets/real/gsm8k.jsonl
tok=$SHARED/datasets/tokenizer/qwen2
if [ -z "$SHARED" ] || [ ! -e "$set_" ] || [ ! -e "$tok/tokenizer.json" ]; then
    echo "skip real_data: no real sets or no Qwen2 tokenizer in ../shared"
    exit 0
fi
cd "$T"
limit=20 n=50 hidden=64
[ "${SAN:-0}" = 0 ] || limit=200 n=10 hidden=16 # a sanitizer is 30 times slower
for seed in 1 2; do
    "$BIN/pretrain" --quiet --steps 0 --tokenizer "$tok" --hidden $hidden --layers 2 --heads 4 \
        --kv-heads 2 --ffn 128 --max-pos 1024 --seed $seed -o m$seed 2>err ||
        { verdict models_made 1 "$(cat err)"; exit 1; }
done
grep -q '"vocab_size": 151646' m1/config.json && grep -q '"tie_word_embeddings": true' m1/config.json
verdict models_have_the_full_vocabulary $? "$(tr '\n' ' ' <m1/config.json)"

# Each program's own exit status counts, and so the stages are files here;
# the same as one pipe is below.
head -n $n "$set_" >questions.jsonl
step() { # NAME COMMAND...
    local name=$1
    shift
    "$@" 2>err || { verdict "$name" 1 "exit $?: $(head -c 300 err)"; exit 1; }
}
step tokenize "$BIN/tokenize" --tokenizer "$tok" --template chat --strict -o p.msgpack questions.jsonl
step rollout "$BIN/rollout" --quiet --model m1 --samples 2 --max-new 16 --seed 7 --device cpu -o r.msgpack p.msgpack
step decode "$BIN/tokenize" --quiet --decode --tokenizer m1 -o d.msgpack r.msgpack
step reward "$BIN/reward" --quiet -o j.msgpack d.msgpack
step logprob "$BIN/logprob" --quiet --model m1 --as policy --check-rollout \
    --against m2 --as-against base --device cpu -o s.msgpack j.msgpack
step kl "$BIN/kl" --quiet -o k.msgpack s.msgpack
"$BIN/stats" --quiet --by task --table correct 'len(response_tokens)' kl.token.exact <k.msgpack >table

count() { "$BIN/show" --count "$1"; }
[ "$(count p.msgpack) $(count k.msgpack)" = "$n $((2 * n))" ]
verdict counts $? "$(count p.msgpack) prompts, $(count k.msgpack) responses"
diff <("$BIN/show" --json k.msgpack | sed 's/.*"prompt":\("\([^"\\]\|\\.\)*"\).*/\1/' | uniq) \
    <(sed 's/.*"prompt": \("\([^"\\]\|\\.\)*"\).*/\1/' questions.jsonl) >"diff"
verdict questions_pass_through_unchanged $? "$(head -n 3 diff)"
paste <("$BIN/show" --field response_logprobs s.msgpack) <("$BIN/show" --field logprobs.policy s.msgpack) |
    awk -F'\t' -v all=$((2 * n)) '$1 != $2 { n++ } END { exit n > 0 || NR != all }'
verdict scores_are_the_samplers_bits $? "$("$BIN/show" --head 1 s.msgpack)"
"$BIN/show" --field kl.token.exact --field kl.sequence.exact k.msgpack | awk -v all=$((2 * n)) '
    { for (i = 1; i <= 2; i++) if ($i !~ /^[0-9.]+(e-?[0-9]+)?$/ || $i <= 0) bad = bad " " $i }
    END { if (bad || NR != all) { print NR, bad; exit 1 } }' >why
verdict kl_is_finite_and_positive $? "$(head -c 200 why)"
! grep -q 'nan\|inf' table && grep -q "gsm8k *correct *$((2 * n)) " table
verdict stats_read_them_all $? "$(tr '\n' ' ' <table)"
# A random model draws tokens of every length: the text is that of the tokens,
# whatever characters they cut.
[ "$("$BIN/show" --field response d.msgpack | awk 'length($0) > 20' | wc -l)" -gt $((2 * n * 9 / 10)) ]
verdict responses_are_text $? "$("$BIN/show" --field response --head 2 d.msgpack)"

"$BIN/tokenize" --quiet --tokenizer m1 --template chat questions.jsonl |
    "$BIN/rollout" --quiet --model m1 --samples 2 --max-new 16 --seed 7 --device cpu |
    "$BIN/tokenize" --quiet --decode --tokenizer m1 | "$BIN/reward" --quiet |
    "$BIN/logprob" --quiet --model m1 --as policy --against m2 --as-against base --device cpu |
    "$BIN/kl" --quiet | "$BIN/show" --json - >piped
diff <("$BIN/show" --json k.msgpack) piped >"diff"
verdict one_pipe_gives_the_same_records $? "$(head -c 300 diff)"
# processor time, so that a busy machine does not decide
took=$(times | awk 'NR == 2 { gsub(/[ms]/, " "); print int($1 * 60 + $2 + $3 * 60 + $4) }')
[ "$took" -le $limit ]
verdict within_${limit}_seconds $? "took $took s"
