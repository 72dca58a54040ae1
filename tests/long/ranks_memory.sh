# ranks_memory: 30 rounds of tests/fault/ranks_memory.sh
ROUNDS=30 exec bash tests/fault/ranks_memory.sh
