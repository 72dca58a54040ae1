/* sampling - how prompts are sampled, and in what tasks differ */
#ifndef ULP_GENERATE_SAMPLING_H
#define ULP_GENERATE_SAMPLING_H
#include "../record/filter.h"

struct sampling {
    const char *task; /* of prompts with this field task; NULL: of others */
    int samples;      /* of a prompt */
    int max_new;      /* tokens in a response, its end token included */
    double temperature, top_p;
    uint64_t limit; /* prompts of the task, at most; 0 = all */
};

/* Bytes of a task's name. */
enum { SAMPLING_TASK_MAX = 100 };

/* *how is the one of task[0..n) whose task rec has, or `all`. */
int sampling_find(const struct sampling **how, const struct sampling *all,
                  const struct sampling *task, int n, struct rec *rec,
                  struct err *e) MUST_CHECK;

/* The settings that a header names, each with its value for `all` and for
 * tasks that differ. */
enum sampling_key {
    SAMPLING_TEMPERATURE,
    SAMPLING_TOP_P,
    SAMPLING_MAX_NEW,
    SAMPLING_SAMPLES
};
/* In the header of f: the argument of `all`, and KEY.TASK of each task that
 * has another (SCHEMA.md). */
void sampling_made_by(struct filter *f, enum sampling_key key,
                      const struct sampling *all, const struct sampling *task,
                      int n);

#endif
