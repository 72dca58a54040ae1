# ranks: 50 rounds of tests/fault/ranks.sh
ROUNDS=50 exec bash tests/fault/ranks.sh
