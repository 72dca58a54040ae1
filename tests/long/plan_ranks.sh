# plan_ranks: tests/cli/plan_ranks.sh at the shape of a model of 135 million values
SHAPE=135m exec bash tests/cli/plan_ranks.sh
