/* corpus - prepared rows, tokenized once */
#ifndef ULP_TRAIN_CORPUS_H
#define ULP_TRAIN_CORPUS_H
#include "../text/tok.h"
#include "../model/pack.h"

/* Rows with `prompt` and `response` of all inputs (none: stdin), at most limit
 * of them (0: all), into p: prompt tokens, response tokens, eos; first = the
 * number of prompt tokens, at least 1. */
int corpus_read(struct pack *p, struct tok *t, int32_t eos, int max_len,
                char **inputs, int n_inputs, uint64_t limit,
                struct err *e) MUST_CHECK;

#endif
