# kills: 100 rounds of kill -9 in the training loop of the smoke preset
ROUNDS=100 . tests/fault/kills.sh
