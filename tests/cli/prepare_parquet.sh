# prepare: Parquet as the Hub has it, straight into a task set, from every
# writer; pipes; what is refused; and the record of what was prepared from what.
# (tests/unit/parquet_rows.c holds the reader against pyarrow, row for row.)
set -u
. tests/lib.sh prepare
golden=$PWD/tests/golden/parquet
cd "$T"
p="$BIN/prepare --quiet --task t"

# the same rows as JSON lines and as Parquet give the same bytes
same() { # NAME FORMAT PARQUET ROWS JSONL
    n=$($p --keep-repeats --from $2 $golden/$3.parquet 2>&1 | tee out | wc -l)
    $p --keep-repeats --from $2 $golden/$5.jsonl >want 2>&1
    gives $1 "$n $(cksum <out)" "$4 $(cksum <want)"
}
for f in arrow_dapo arrow_dapo_v2 arrow_dapo_pages duck_dapo duck_dapo_v2 duck_dapo_gzip duck_dapo_plain \
    polars_dapo polars_dapo_snappy polars_dapo_gzip polars_dapo_plain; do
    same parquet_$f dapo $f 30 arrow_dapo
done
for f in fast_flat fast_snappy fast_gzip fast_zstd; do same parquet_$f gsm8k $f 60 fast_flat; done
same parquet_fast_json dapo fast_json 15 fast_json
same parquet_math500 math arrow_math500 15 arrow_math500
same parquet_aime aime arrow_aime 15 arrow_aime
same parquet_aime_names aime arrow_aime_names 15 arrow_aime_names
same parquet_amc aime arrow_amc 15 arrow_amc
same parquet_mmlu mmlu arrow_mmlu 16 arrow_mmlu
same parquet_humaneval humaneval arrow_humaneval 1 arrow_humaneval
gives parquet_dapo_row "$($p --from dapo $golden/duck_dapo.parquet | sed -n 13p)" '{"id":"t/12","task":"t","prompt":"在三角形 $ABC$ 中，求 $\\angle A$。","answer":"60","verifier":"math"}'
gives parquet_amc_answers "$($p --from aime $golden/arrow_amc.parquet | sed 's/.*"answer":"\([^"]*\)".*/\1/' | paste -sd' ')" "0 1 2 3 4 5 6 7 8 9 10 11 60 -1 3"

gives parquet_json_answers "$($p --from aime $golden/duck_mixed.parquet | sed 's/.*"answer":\("[^"]*"\).*/\1/' | paste -sd' ')" '"1/2" "7" "2.50"'

# pipes, compressed files, names that say nothing
cp $golden/arrow_dapo.parquet plain.txt
gzip -k plain.txt; zstd -q plain.txt
want=$($p --from dapo plain.txt | cksum)
for how in "cat plain.txt" "cat plain.txt.gz" "cat plain.txt.zst"; do
    gives "parquet_pipe_of_${how#cat }" "$($how | $p --from dapo - | cksum)" "$want"
done
gives parquet_stdin_file "$($p --from dapo - <plain.txt | cksum)" "$want"
gives parquet_gz_file "$($p --from dapo plain.txt.gz | cksum)" "$want"
gives parquet_trickle "$( (head -c 2 plain.txt; sleep 0.1; tail -c +3 plain.txt) | $p --from dapo - | cksum)" "$want"
mkfifo fifo; cat plain.txt >fifo & gives parquet_fifo "$($p --from dapo fifo | cksum)" "$want"; wait
gives parquet_process "$($p --from dapo <(cat plain.txt) | cksum)" "$want"
gives directory "$($p --from dapo . 2>&1)" "prepare: .: Is a directory"
gives parquet_no_room "$(cat plain.txt | TMPDIR=/nosuch $p --from dapo - 2>&1)" "prepare: a temporary file in /nosuch: No such file or directory"
gives parquet_excludes "$("$BIN/prepare" --task t --from dapo --exclude $golden/arrow_humaneval.parquet plain.txt 2>&1 >/dev/null)" "prepare: t: 30 rows read, 15 kept; dropped: 15 repeats, 0 repeats with another answer, 0 in an excluded set, 0 unusable"
gives parquet_where "$("$BIN/prepare" --task t --from gsm8k $golden/arrow_delta.parquet 2>&1 >/dev/null | sed 's/.*set, //; s/tests.*golden/golden/; s|first: /.*/||')" "7 unusable (arrow_delta.parquet: row 1: no question, or no '####' in the answer)"

# refused: exit 3, one line, nothing written
for f in lz4 brotli encrypted encrypted_column long_row; do
    $p --from prepared -o out.jsonl $golden/refused/$f.parquet 2>err
    [ $? = 3 ] && [ "$(wc -l <err)" = 1 ] && [ ! -e out.jsonl ] && grep -q "^prepare: .*$f.parquet: " err || echo "not ok prepare_refused_$f: $(cat err)"
done
$p --from prepared $golden/refused/not_utf8.parquet >out 2>err; gives parquet_not_utf8 "$? $(sed 's/.*not_utf8/not_utf8/; s/ near.*//' err)" "3 not_utf8.parquet: row 1: line 1, column 8: unable to decode byte 0xff"
head -c 2000 plain.txt >cut.parquet
gives parquet_cut "$($p --from dapo cut.parquet 2>&1)" "prepare: cut.parquet: does not end with PAR1: is truncated, or no Parquet file"
$p --from gsm8k $golden/refused/timestamp.parquet 2>err; gives parquet_other_columns "$(sed 's/.*: //' err)" "no question, or no '####' in the answer"
gives parquet_needed_column "$($p --from prepared $golden/refused/timestamp.parquet 2>&1 | sed 's/.*timestamp/timestamp/')" "timestamp.parquet: column 'when': is TIMESTAMP, which is not read"

# the record
cp $golden/arrow_aime.parquet aime.parquet
$p --from aime aime.parquet -o aime.jsonl
"$BIN/prepare" --quiet --from dapo --task 'd m' --exclude aime.jsonl --keep-repeats $golden/fast_json.parquet -o none.jsonl --record none.sha256 2>err
gives record_only_of_what_was_written "$? $(ls none.* 2>/dev/null)" "3 "
printf '%s\n' '{"question":"a","answer":"#### 1"}' '{"question":"a","answer":"#### 1"}' '{"question":"b","answer":"2"}' '{"question":"","answer":"#### 2"}' >'my rows.jsonl'
"$BIN/prepare" --quiet --from gsm8k --task 'd m' --exclude aime.jsonl 'my rows.jsonl' -o out.jsonl --record out.sha256
gives record "$(grep -v '^[0-9a-f]' out.sha256)" "# prepare --quiet --from gsm8k --task 'd m' --exclude aime.jsonl 'my rows.jsonl' -o out.jsonl --record out.sha256
# 4 rows read, 1 kept; dropped: 1 repeats, 0 repeats with another answer, 0 in an excluded set, 2 unusable (first: my rows.jsonl: line 3: no question, or no '####' in the answer)
# read
# excluded
# written"
gives record_checks "$(sha256sum -c out.sha256 | paste -sd' ')" "my rows.jsonl: OK aime.jsonl: OK out.jsonl: OK"
echo >>'my rows.jsonl'
gives record_sees_a_change "$(sha256sum -c out.sha256 2>/dev/null | grep -v OK)" "my rows.jsonl: FAILED"
cp out.sha256 first; "$BIN/prepare" --quiet --from gsm8k --task 'd m' --exclude aime.jsonl 'my rows.jsonl' -o out.jsonl --record out.sha256
gives record_is_a_function_of_its_files "$(diff first out.sha256 | grep -c '^>')" 1
echo '{"question":"a","answer":"#### 1"}' >g
for bad in "--from gsm8k --task t --record g g -o y" "--from gsm8k --task t --record y g -o y" "--sample dm_val --record x -o y" "--from gsm8k --task t --record x g" "--from gsm8k --task t --record x -o y -"; do
    "$BIN/prepare" $bad </dev/null 2>err; [ $? = 2 ] && [ ! -e x ] && [ ! -e y ] || echo "not ok prepare_record_misuse: $bad: $(cat err)"
done
echo ok prepare_record_misuse
