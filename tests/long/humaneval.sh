# humaneval - HumanEval's canonical solutions in every dress
DRESSES=1 bash tests/parity/humaneval.sh
