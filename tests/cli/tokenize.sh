# tokenize - the program: fields, templates, bad records, decoding
tok="$BIN/tokenize --tokenizer data/tokenizer/tiny"

. tests/lib.sh
row='{"id":"x","prompt":"1+1=","answer":"2"}'

gives hand_typed_row "$(echo "$row" | $tok --json)" \
    '{"id":"x","prompt":"1+1=","answer":"2","prompt_tokens":[49,43,49,61]}'
gives digits_stay_single "$(echo '{"id":"x","prompt":"2024"}' | $tok --json |
    grep -o '"prompt_tokens.*')" '"prompt_tokens":[50,48,50,52]}'
gives model_is_a_synonym "$(echo "$row" |
    "$BIN/tokenize" --model data/tokenizer/tiny/tokenizer.json --json)" \
    "$(echo "$row" | $tok --json)"
gives other_fields "$(echo '{"id":"x","prompt":"a","note":"1=1"}' |
    $tok --json --text note --as n)" \
    '{"id":"x","prompt":"a","note":"1=1","n":[49,61,49]}'
gives default_name_follows_text "$(echo '{"id":"x","prompt":"a","note":"7"}' |
    $tok --json --text note)" \
    '{"id":"x","prompt":"a","note":"7","note_tokens":[55]}'

end=$(grep -o '"id": [0-9]*' data/tokenizer/tiny/tokenizer.json |
    grep -o '[0-9]*')
gives specials_are_text_by_default "$(
    echo '{"id":"x","prompt":"<|endoftext|>"}' | $tok --json | grep -c "$end")" 0
gives specials_parsed_when_asked "$(
    echo '{"id":"x","prompt":"1<|endoftext|>"}' | $tok --json --specials |
    grep -o '"prompt_tokens.*')" "\"prompt_tokens\":[49,$end]}"

# shapes of other tokenizers: what stands before a text, what is ignored
llama="$BIN/tokenize --tokenizer tests/golden/tok/llama3.json"
bos=$(grep -o '"id":[0-9]*,"content":"<|begin_of_text|>"' \
    tests/golden/tok/llama3.json | grep -o '[0-9]*' | head -n 1)
first() { grep -o '"prompt_tokens":\[[0-9]*,[0-9]*' | cut -d'[' -f2; }
a=$(echo '{"id":"x","prompt":"AA"}' | $llama --json | first)
gives begin_token_is_put "${a%,*}" "$bos"
gives begin_token_is_put_before_a_template "$(echo '{"id":"x","prompt":"A"}' |
    $llama --template dapo --json | first | cut -d, -f1)" "$bos"
gives begin_token_never_twice "$(
    echo '{"id":"x","prompt":"<|begin_of_text|>AA"}' |
    $llama --specials --json | first)" "$a"
gives begin_token_counts "$(echo '{"id":"x","prompt":"A"}' |
    $llama --max-tokens 1 2>&1 >/dev/null)" \
    'tokenize: 1 prompts of more than 1 tokens left out'
said=$(printf '%s\n%s\n' "$row" "${row/x/y}" |
    "$BIN/tokenize" --tokenizer tests/golden/tok/gpt2.json 2>&1 >/dev/null)
gives ignored_settings_are_said_once "$said" \
    'tokenize: tests/golden/tok/gpt2.json: padding and truncation are ignored, as in transformers'
gives quiet_says_nothing "$(echo "$row" | "$BIN/tokenize" --quiet --tokenizer \
    tests/golden/tok/gpt2.json 2>&1 >/dev/null)" ''
sed 's/"type":"BPE"/"type":"Unigram"/' tests/golden/tok/gpt2.json >"$T/u.json"
fails unigram_is_refused 3 'a sentencepiece tokenizer: only byte-level BPE' \
    "$BIN/tokenize" --tokenizer "$T/u.json" <<<"$row"

for t in none dapo qwen-boxed; do
    echo '{"id":"x","prompt":"Caf\u00e9 e\u0301 <|endoftext|> \u4f60\u597d\n"}' |
        $tok --template $t --json >"$T/in"
    $tok --decode --text prompt_tokens --as back --json "$T/in" |
        grep -o '"back.*' >"$T/$t"
done
gives none_decodes_to_itself "$(cat "$T/none")" \
    '"back":"Café é <|endoftext|> 你好\n"}'
gives dapo_is_around "$(cat "$T/dapo")" '"back":"Solve the following math problem step by step. The last line of your response should be of the form Answer: $Answer (without quotes) where $Answer is the answer to the problem.\n\nCafé é <|endoftext|> 你好\n\n\nRemember to put your answer on its own line after \"Answer:\"."}'
printf 'Q {prompt}\n{choices}\nA<|endoftext|>' >"$T/file"
echo '{"id":"x","prompt":"pick <|endoftext|>","choices":["u","v"]}' |
    $tok --template "$T/file" --json >"$T/in"
gives file_template "$($tok --decode --specials --text prompt_tokens \
    --as back --json "$T/in" | grep -o '"back.*')" \
    '"back":"Q pick <|endoftext|>\nA. u\nB. v\nA<|endoftext|>"}'
gives template_specials_parsed_prompt_s_not "$($tok --decode --text \
    prompt_tokens --as back --json "$T/in" | grep -o '"back.*')" \
    '"back":"Q pick <|endoftext|>\nA. u\nB. v\nA"}'

gives decode_leaves_specials_out "$(
    echo "{\"id\":\"x\",\"response_tokens\":[50,228,$end]}" | $tok --decode --json)" \
    "{\"id\":\"x\",\"response_tokens\":[50,228,$end],\"response\":\"2�\"}"
gives decode_keeps_specials_when_asked "$(
    echo "{\"response_tokens\":[50,$end,999999]}" |
    $tok --decode --specials --json | grep -o '"response".*')" \
    '"response":"2<|endoftext|>"}'
fails decode_negative 3 'response_tokens: token 1: id -1 is negative' \
    $tok --decode <<<'{"response_tokens":[1,-1]}'
fails decode_without_tokens 3 response_tokens $tok --decode <<<"$row"

fails missing_id 3 'id' $tok <<<'{"prompt":"a"}'
fails empty_id 3 'id: empty' $tok <<<'{"id":"","prompt":"a"}'
fails missing_prompt 3 'prompt' $tok <<<'{"id":"x"}'
fails number_prompt 3 'prompt' $tok <<<'{"id":"x","prompt":5}'
fails empty_prompt 3 'prompt: empty' $tok <<<'{"id":"x","prompt":""}'
fails strict_wants_a_whole_row 3 'verifier' $tok --strict <<<"$row"
fails no_tokenizer 2 'is needed' "$BIN/tokenize" <<<"$row"
fails no_such_directory 1 'no-such' "$BIN/tokenize" --tokenizer no-such \
    <<<"$row"
fails no_such_template 2 "'nope'" $tok --template nope <<<"$row"
fails no_chat_template 3 'no chat_template' $tok --template chat <<<"$row"
fails specials_and_template 2 '--specials' $tok --specials --template dapo \
    <<<"$row"
fails template_and_decode 2 '--decode' $tok --decode --template dapo <<<"$row"
fails choices_not_strings 3 choices $tok --template dapo \
    <<<'{"id":"x","prompt":"a","choices":[1]}'

two='{"id":"x","prompt":"12"}
{"id":"y","prompt":"123"}'
gives max_tokens_drops "$($tok --max-tokens 2 --json <<<"$two" 2>"$T/err" |
    grep -c '"y"')/$(cat "$T/err")" \
    '0/tokenize: 1 prompts of more than 2 tokens left out'
fails max_tokens_fails 3 'prompt: 3 tokens, --max-tokens is 2' \
    $tok --max-tokens 2 --too-long-fails <<<"$two"
gives skip_bad "$(printf '{"prompt":"a"}\n%s\n' "$row" |
    $tok --skip-bad 1 --json 2>/dev/null | grep -c prompt_tokens)" 1
gives count "$($tok --count <<<"$two" 2>&1 >/dev/null | grep tokens)" \
    'tokenize: 2 records, 5 tokens, 5 bytes'
gives made_by "$($tok --template "$T/file" <<<"$row" |
    grep -aoc 'file:[0-9a-f]\{32\}')" 1
gives same_bytes_twice "$($tok <<<"$row" | md5sum)" "$($tok <<<"$row" | md5sum)"

# nothing is held back: the first record comes before the second is sent
mkfifo "$T/fifo"
$tok --json <"$T/fifo" >"$T/out" &
exec 9>"$T/fifo"
echo "$row" >&9
for _ in $(seq 100); do [ -s "$T/out" ] && break; sleep 0.05; done
gives record_by_record "$(grep -c prompt_tokens "$T/out")" 1
exec 9>&-
wait
