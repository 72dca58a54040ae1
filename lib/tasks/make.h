/* make - sample task sets and the pretraining corpus, as files */
#ifndef ULP_TASKS_MAKE_H
#define ULP_TASKS_MAKE_H
#include "../base/file.h"

/* n distinct problems of an evaluation task or dm_train. */
int make_prompts(struct file *f, const char *task, unsigned long n,
                 uint64_t seed, struct err *e) MUST_CHECK;
/* n rows of pretraining text of all forms; problems may repeat. */
int make_corpus(struct file *f, unsigned long n, uint64_t seed,
                struct err *e) MUST_CHECK;

#endif
