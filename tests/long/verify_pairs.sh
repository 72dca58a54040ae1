# verify_pairs - no wrong yes on 1,000,000 random pairs of unequal answers, nor
# on near misses of every answer of ../shared/datasets/real and 40 others each
set -u
python3 tests/parity/verify_pairs.py "$BIN/reward" 1000000 2
if [ -z "${SHARED:-}" ] || [ ! -d "$SHARED/datasets/real" ]; then
    echo "skip near_misses: no shared/datasets/real"
else
    python3 tests/parity/verify_pairs.py "$BIN/reward" real 40 \
        "$SHARED"/datasets/real/*.jsonl
fi
