# verify_pairs - no wrong yes on 20,000 random pairs of unequal answers of every
# type, nor on near misses of the answers of ../shared/datasets/real; equal
# pairs are equal (make check-long tries 1,000,000)
set -u
python3 tests/parity/verify_pairs.py "$BIN/reward" 20000
if [ -z "${SHARED:-}" ] || [ ! -d "$SHARED/datasets/real" ]; then
    echo "skip near_misses: no shared/datasets/real"
else
    python3 tests/parity/verify_pairs.py "$BIN/reward" real 4 \
        "$SHARED"/datasets/real/*.jsonl
fi
