# spectrum - larger matrices beside numpy and scipy, where they are there
# (PYTHON names an interpreter that has them); tests/cli/spectrum.sh has small
# ones as fixtures
set -u
name=spectrum_of_larger_matrices_as_numpy
python=${PYTHON:-python3}
export OPENBLAS_NUM_THREADS=1
"$python" -c 'import numpy, scipy' 2>/dev/null || { echo "skip $name: no numpy and scipy"; exit 0; }
golden=tests/golden/spectrum
"$python" - "$T" <<'P'
import sys
import numpy as np
sys.path.insert(0, "tests/golden/spectrum")
import pairs

rng = np.random.default_rng(6)
base, run = [], []
for i, (rows, cols) in enumerate([(120, 700), (700, 120), (129, 129), (1, 700), (2000, 33)]):
    a = 0.02 * rng.standard_normal((rows, cols)) * np.exp(0.5 * rng.standard_normal((1, cols)))
    k = min(rows, cols, 70)
    a += 0.05 * (rng.standard_normal((rows, k)) * 0.95 ** np.arange(k)) @ rng.standard_normal((k, cols))
    b = a + 10.0 ** -(3 + i % 4) * rng.standard_normal((rows, cols))
    for dtype in ("F32", "BF16"):
        key = pairs.name(2 * len(base))
        base.append((key, a.tolist(), dtype))
        run.append((key, b.tolist(), dtype))
pairs.write(sys.argv[1] + "/base", base)
pairs.write(sys.argv[1] + "/run", run)
P
for k in 5 64; do
    "$python" $golden/oracle.py "$T/base" "$T/run" $k >"$T/want"
    "$BIN/spectrum" --quiet --json --top $k "$T/base" "$T/run" >"$T/got"
    said=$("$python" $golden/check.py "$T/want" "$T/got")
    case $said in
    *" 0 differ, 0 matrices"*) echo "ok ${name}_$k" ;;
    *) echo "not ok ${name}_$k: ${said:0:400}" ;;
    esac
done
