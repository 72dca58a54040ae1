/* writers - which program writes a field (SCHEMA.md, column "writer") */
#include <stddef.h>
#include <string.h>
#include "rec.h"

/* A name that ends in a dot stands for all fields in that map. */
static const struct {
    const char *field, *program;
} writers[] = {
    {"prompt_tokens", "tokenize"},
    {"epoch", "draw"},
    {"position", "draw"},
    {"sample", "rollout"},
    {"seed", "rollout"},
    {"response_tokens", "rollout"},
    {"response_logprobs", "rollout"},
    {"finish_reason", "rollout"},
    {"policy", "rollout"},
    {"response", "tokenize --decode"},
    {"correct", "reward"},
    {"reward", "reward"},
    {"length_penalty", "reward"},
    {"extracted_answer", "reward"},
    {"verify_rule", "reward"},
    {"verify_status", "reward"},
    {"well_formed", "reward"},
    {"logprobs.", "logprob"},
    {"kl_exact", "logprob --against"},
    {"kl.", "kl"},
    {"task", "stats --tag --set task=NAME"},
    {"arm", "stats --tag --set arm=ARM"},
    {"scope", "sparsity"},
    {"nss", "spectrum"},
    {"angle_left_max", "spectrum"},
};

const char *rec_writer_of(const char *path)
{
    for (size_t i = 0; i < sizeof writers / sizeof writers[0]; i++) {
        const char *f = writers[i].field;
        size_t n = strlen(f);

        if (f[n - 1] == '.' ? !strncmp(path, f, n) : !strcmp(path, f))
            return writers[i].program;
    }
    return NULL;
}
