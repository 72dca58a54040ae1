# special_files: a FIFO, socket, device or directory in the place of a file of a
# model, tokenizer, template, task list or corpus of settings is refused at once
# and named; nobody waits for a writer
set -u
. tests/lib.sh special
root=$PWD
cd "$T"
hf=$root/tests/golden/hf
cp -r "$hf/untied-fp32-single" single; cp -r "$hf/untied-bf16-sharded" shards; chmod -R u+w single shards
cp "$root"/data/tokenizer/tiny/* single
echo '{"chat_template":"{{ messages[0].content }}"}' >single/tokenizer_config.json
echo '{"id":"a","prompt":"1+1=","answer":"2"}' >row.jsonl
echo '{"id":"a","prompt_tokens":[1,2,3]}' >tokens.jsonl
echo '{"id":"a","prompt_tokens":[1,2],"response_tokens":[3]}' >scored.jsonl
awk -f "$root/tests/golden/train/rollouts.awk" -v SEED=1 -v STEPS=1 -v P=2 -v N=4 | sed 's/\([0-9]\)[0-9]*/\1/g' >rows.jsonl
run() { # PROGRAM, on the model m, the template t, the tasks j
    case $1 in
    rollout)  "$BIN/rollout" --quiet --model m --max-new 2 --threads 1 -o out tokens.jsonl ;;
    logprob)  "$BIN/logprob" --quiet --model m --as x --threads 1 -o out scored.jsonl ;;
    train)    "$BIN/dapo-step" --quiet --off-policy --model m --prompts 2 --samples 4 --threads 1 -o metrics --out out rows.jsonl ;;
    sparsity) "$BIN/sparsity" --threads 1 -o out m m ;;
    weights)  "$BIN/sparsity" --threads 1 -o out m/model.safetensors m/model.safetensors ;;
    tokenize) "$BIN/tokenize" --quiet --tokenizer m -o out row.jsonl ;;
    file)     "$BIN/tokenize" --quiet --tokenizer m/tokenizer.json -o out row.jsonl ;;
    template) "$BIN/tokenize" --quiet --tokenizer single --template t -o out row.jsonl ;;
    show)     "$BIN/show" --tokenizer m scored.jsonl ;;
    pretrain) "$BIN/pretrain" --quiet --tokenizer m --config m --steps 0 -o out ;;
    report)   "$BIN/stats" --quiet --report out --tasks j row.jsonl ;;
    draw)     "$BIN/draw" --resume m --count 1 -o out row.jsonl ;;
    esac
}
mkfifo fifo
ln -s /dev/zero device
mkdir directory
kinds="fifo device directory"
if python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("socket")' 2>/dev/null; then kinds="$kinds socket"; else
    echo 'skip special_sockets: no python3 to make one'; fi
check() { # PROGRAM FILE [MODEL]
    local kind rc bad=
    for kind in $kinds; do
        # there a directory is the folder to look into
        [ $kind = directory ] && [[ $1 = weights || $1 = file ]] && continue
        rm -rf m t j out; cp -r "${3:-single}" m
        ln -sf "$PWD/$kind" "$2"
        rc=0
        timeout 5 bash -c "$(declare -f run); run $1" >stdout 2>err.txt || rc=$?
        [ $rc -ge 1 ] && [ $rc -le 3 ] && grep -qF "$2: not a regular file" err.txt && [ ! -e out ] &&
            [ "$(wc -l <err.txt)" = 1 ] || bad="$bad $kind: exit $rc, $(head -c 200 err.txt);"
    done
    [ -z "$bad" ] && ok "$1_$(basename "$2")" || no "$1_$(basename "$2")" "$bad"
}
export BIN
for p in rollout logprob train pretrain; do check $p m/config.json; done
for p in rollout train; do check $p m/generation_config.json; done
for p in rollout logprob train sparsity weights; do check $p m/model.safetensors; done
for p in rollout train; do check $p m/model-00002-of-00004.safetensors shards; done
check rollout m/model.safetensors.index.json shards
for p in tokenize file show pretrain; do check $p m/tokenizer.json; done
for p in tokenize train pretrain; do check $p m/tokenizer_config.json; done
check tokenize m/chat_template.jinja
check train m/vocab.json
check template t
check report j
for p in draw rollout train tokenize sparsity; do check $p m/trainer_state.json; check $p m/digests.json; done

bad=
for kind in $kinds; do
    rc=0
    (cd "$root" && env -u MAKEFLAGS -u MAKELEVEL -u MAKEOVERRIDES timeout 20 make -n PRESET=smoke R="$T/r" TASKS_FILE="$T/$kind" \
        "$T/r/analysis/summary.txt") >stdout 2>err.txt || rc=$?
    [ $rc = 2 ] && grep -qF "$T/$kind: not a regular file" err.txt || bad="$bad $kind: exit $rc, $(tail -n 1 err.txt);"
done
[ -z "$bad" ] && ok make_tasks_file || no make_tasks_file "$bad"

# inputs that are streams may be FIFOs
mkfifo in
cat tokens.jsonl >in &
timeout 20 "$BIN/rollout" --quiet --model single --max-new 2 --threads 1 in -o out && ok a_stream_may_be_a_fifo || no a_stream_may_be_a_fifo "exit $?"
