# sums.bash - a base that answers small sums with some digit, and its prompts:
# base/, tokens
# Sourced in an empty folder, with root and no() set.
# shellcheck disable=SC2154
awk 'BEGIN { srand(1); for (i = 0; i < 4000; i++) { a = int(rand() * 5); b = int(rand() * 5); c = int(rand() * 9)
    printf "{\"prompt\":\"%d+%d=\",\"response\":\"\\\\boxed{%d}\"}\n", a, b, c } }' >rows
awk 'BEGIN { for (a = 0; a < 5; a++) for (b = 0; b < 5; b++)
    printf "{\"id\":\"%d+%d\",\"task\":\"sum\",\"prompt\":\"%d+%d=\",\"answer\":\"4\",\"verifier\":\"math\"}\n", a, b, a, b }' >prompts
"$BIN/pretrain" --quiet --tokenizer "$root/data/tokenizer/tiny" --hidden 32 --layers 2 --heads 2 --kv-heads 1 --ffn 64 --max-pos 32 \
    --steps 70 --batch 32 --lr 5e-3 --warmup 10 --threads 1 -o base rows || no pretrain failed
"$BIN/tokenize" --quiet --tokenizer base -o tokens prompts || no tokenize failed
