# tokenizer_shapes - random hard strings through tokenizers in the shapes of
# Llama 3's, SmolLM2's, Qwen3's, DeepSeek's, GPT-2's, tekken's and others, and
# through Hugging Face tokenizers: the same ids, the same text back. N says how
# many a shape (1,000; make check-long: 100,000), PYTHON which python3.
set -u
. tests/lib.sh shape
python=${PYTHON:-python3}
if ! "$python" -c 'import tokenizers' 2>/dev/null; then
    echo "skip tokenizer_shapes: $python has no tokenizers to compare with"
    exit 0
fi
while read -r line; do
    name=${line%%:*}
    case $line in
        *": 0 differ in ids, 0 in decoded text"*)
            ok "$name"; echo "note $line" ;;
        *) no "$name" "$line" ;;
    esac
done < <("$python" tests/golden/tok/shapes.py compare "${N:-1000}" "${SEED:-1}")
