# tokenize_chat - tokenize --template chat: conversations by models' own chat
# templates give the ids of transformers' apply_chat_template
# (tests/golden/chat); templates by name, arguments, limits
. tests/lib.sh tokenize_chat

python3 - "$T" <<'P'
import json, os, sys
tmp = sys.argv[1]
rows = [json.loads(l) for l in open("tests/golden/chat/rendered.jsonl")]
for i, r in enumerate(rows):
    key = r["template"] + "".join("." + k + str(v).replace(" ", "_")
                                  for k, v in r["args"].items()
                                  if k != "deep")
    d = os.path.join(tmp, "m", key)
    if not os.path.isdir(d):
        os.makedirs(d)
        os.symlink(os.path.abspath(f"tests/golden/tok/{r['shape']}.json"),
                   d + "/tokenizer.json")
        os.symlink(os.path.abspath(f"tests/golden/chat/{r['template']}.jinja"),
                   d + "/chat_template.jinja")
        with open(d + "/tokenizer_config.json", "w") as f:
            json.dump({**r["tokens"], "model_max_length":
                       1000000000000000019884624838656}, f)
        with open(d + "/args", "w") as f:
            for k, v in r["args"].items():
                f.write(f"{k}={json.dumps(v)}\n")
    talk = r["messages"]
    if "ids" not in r or not talk[-1]["content"]:
        continue
    row = {"id": str(i), "prompt": talk[-1]["content"], "want": r["ids"]}
    if talk[0]["role"] == "system":
        row["system"] = talk[0]["content"]
        talk = talk[1:]
    if len(talk) > 1:
        row["history"] = talk[:-1]
    with open(d + "/rows.jsonl", "a") as f:
        f.write(json.dumps(row) + "\n")
P
# asked of python3 itself: a process of ours that fails is no skip
jinja=1
if ! python3 -c 'import jinja2' 2>/dev/null; then
    echo "skip tokenize_chat: no python3 with jinja2"
    jinja=0
fi
for d in "$T"/m/*; do
    name=${d##*/} args=()
    while read -r a; do args+=(--template-arg "$a"); done <"$d/args"
    if ! "$BIN/tokenize" --quiet --tokenizer "$d" --template chat --json \
        "${args[@]}" "$d/rows.jsonl" >"$T/out" 2>"$T/err"; then
        if [ $jinja = 1 ] || ! grep -q 'python3-jinja2' "$T/err"; then
            no "$name" "$(cat "$T/err")"
        fi
        continue
    fi
    gives "$name" "$(python3 - "$T/out" <<'P'
import json, sys
rows = [json.loads(l) for l in open(sys.argv[1])]
bad = [r["id"] for r in rows if r["prompt_tokens"] != r["want"]]
print("fine" if len(rows) > 6 and not bad else f"{len(rows)} rows, {bad} differ")
P
)" fine
done

row='{"id":"x","prompt":"1+1="}'
decoded() { # of stdin
    "$BIN/tokenize" --quiet --tokenizer "$1" --decode --specials \
        --text prompt_tokens --as back --json | sed 's/.*"back"://'
}
# recognised templates, which need no Python: system and history are there
q=$T/m/qwen2.5
gives system_and_history "$(echo '{"id":"x","prompt":"c","system":"s","history":[{"role":"user","content":"a"},{"role":"assistant","content":"b"}]}' |
    "$BIN/tokenize" --tokenizer "$q" --template chat+qwen-boxed | decoded "$q")" \
    '"<|im_start|>system\ns<|im_end|>\n<|im_start|>user\na<|im_end|>\n<|im_start|>assistant\nb<|im_end|>\n<|im_start|>user\nc\nPlease reason step by step, and put your final answer within \\boxed{}.<|im_end|>\n<|im_start|>assistant\n"}'
gives other_templates_are_the_prompt_alone "$(echo '{"id":"x","prompt":"c","system":"s"}' |
    "$BIN/tokenize" --tokenizer "$q" --template none | decoded "$q")" '"c"}'
fails history_that_is_no_list 3 'history: expected a list of turns' \
    "$BIN/tokenize" --tokenizer "$q" --template chat <<<'{"id":"x","prompt":"c","history":3}'
fails history_without_content 3 'history[0]: expected a role and a content' \
    "$BIN/tokenize" --tokenizer "$q" --template chat <<<'{"id":"x","prompt":"c","history":[{"role":"user"}]}'
fails arguments_need_a_chat 2 "template 'none' takes no arguments" \
    "$BIN/tokenize" --tokenizer "$q" --template-arg a=1 <<<"$row"
fails arguments_and_decode 2 --template-arg \
    "$BIN/tokenize" --tokenizer "$q" --decode --template-arg a=1 <<<"$row"
fails no_such_name 3 "no chat_template of the name 'rag'" \
    "$BIN/tokenize" --tokenizer "$q" --template chat:rag <<<"$row"
[ $jinja = 1 ] || exit 0

# templates by name, in the list of tokenizer_config.json
mkdir "$T/n"
ln -s "$PWD/tests/golden/tok/llama3.json" "$T/n/tokenizer.json"
cat >"$T/n/tokenizer_config.json" <<'J'
{"bos_token": {"content": "<|begin_of_text|>"}, "chat_template": [
 {"name": "default", "template": "{{ bos_token }}D {{ messages[0].content }}"},
 {"name": "rag", "template": "R {{ messages[0].content }}{{ x }}"}]}
J
gives default_of_a_list "$(echo "$row" | "$BIN/tokenize" --tokenizer "$T/n" \
    --template chat | decoded "$T/n")" '"<|begin_of_text|>D 1+1="}'
gives one_of_a_list "$(echo "$row" | "$BIN/tokenize" --tokenizer "$T/n" \
    --template chat:rag --template-arg x=' y z' | decoded "$T/n")" '"R 1+1= y z"}'
gives one_of_a_list_around_another "$(echo "$row" | "$BIN/tokenize" --tokenizer \
    "$T/n" --template chat:rag+qwen-boxed | decoded "$T/n" | cut -c1-30)" \
    '"R 1+1=\nPlease reason step by'
h() { # the digest in the header
    echo "$row" | "$BIN/tokenize" --tokenizer "$T/n" --template chat "$@" |
        grep -ao 'jinja:[0-9a-f]*'
}
gives header_says_which_template "$(h | grep -c '^jinja:[0-9a-f]\{32\}$')" 1
if [ "$(h)" != "$(h --template-arg x=1)" ]; then ok header_says_the_arguments
else no header_says_the_arguments "the same digest with another argument"; fi

# a template that raises for one record
cat >"$T/n/chat_template.jinja" <<'J'
{% if 'bad' in messages[0].content %}{{ raise_exception('no ' ~ messages[0].content) }}{% endif %}ok
J
printf '%s\n{"id":"y","prompt":"bad word"}\n{"id":"z","prompt":"3"}\n' "$row" >"$T/three"
fails template_raises 3 \
    'record 2: prompt: template chat: the chat template says: no bad word' \
    "$BIN/tokenize" --tokenizer "$T/n" --template chat "$T/three"
gives template_raises_and_is_skipped "$("$BIN/tokenize" --tokenizer "$T/n" \
    --template chat --skip-bad 1 --json "$T/three" 2>/dev/null |
    grep -o '"id":"."' | tr -d '\n')" '"id":"x""id":"z"'
echo '{% if %}' >"$T/n/chat_template.jinja"
fails wrong_template 3 'template chat: chat_template: line 1: Expected an expression' \
    "$BIN/tokenize" --tokenizer "$T/n" --template chat <<<"$row"
exit 0
