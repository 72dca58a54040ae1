/* key - what the samples of a group share: prompt, epoch and place */
#ifndef ULP_TRAIN_KEY_H
#define ULP_TRAIN_KEY_H
#include "../record/rec.h"
#include "group.h"

struct key {
    char *id, *prompt;       /* prompt: the text, or NULL; owned */
    int64_t epoch, position; /* -1: absent */
};

/* id is needed, the others may be absent; an error names record and field. *k is
 * to be freed after 0. */
int key_read(struct rec *rec, struct key *k, struct err *e) MUST_CHECK;
void key_free(struct key *k);
/* k is of sample i. Does it belong to the group whose first sample has `of`? */
int key_check(struct rec *rec, int i, const struct key *k, const struct key *of,
              struct err *e) MUST_CHECK;
/* And s has the prompt's tokens of the first. */
int key_check_prompt(struct rec *rec, const struct sample *s,
                     const struct sample *first, struct err *e) MUST_CHECK;
/* Of sample i: seeds dropout. */
uint64_t key_sample_id(const struct key *k, int i);

#endif
