/* sampling_opts - options of how prompts are sampled, of all and of a task */
#ifndef ULP_BIN_SAMPLING_OPTS_H
#define ULP_BIN_SAMPLING_OPTS_H
#include <stdlib.h>
#include <string.h>
#include "../lib/base/arena.h"
#include "../lib/generate/sampling.h"
#include "engine_opts.h"

/* s: struct sampling *, which holds the defaults */
#define OPT_SAMPLING(s)                                                          \
    {OPT_INT, "samples", 0, &(s)->samples, "N", "responses to each prompt",      \
     1,       1e6},                                                              \
        {OPT_INT, "max-new",                                                     \
         0,       &(s)->max_new,                                                 \
         "N",     "maximum tokens in a response, its end token included",        \
         1,       1e7},                                                          \
        OPT_TEMPERATURE(&(s)->temperature, 1,                                    \
                        "logits are divided by it; 0 is greedy decoding"),       \
    {                                                                            \
        OPT_F64, "top-p", 0, &(s)->top_p, "P",                                   \
            "nucleus sampling: the fewest tokens of this probability; 1 is off", \
            1e-9, 1                                                              \
    }

/* "samples=4,top-p=0.8" into *s: the words of a command line of their own. */
static inline int sampling_words(struct sampling *s, char *text, struct err *e)
{
    static struct sampling at;
    static const struct opt opts[] = {
        OPT_SAMPLING(&at),
        {OPT_U64, "limit", 0, &at.limit, "N", NULL, 0, 0},
        {0}};
    static const struct cli c = {.name = "rollout", .opts = opts};
    char *word, *save = NULL, **args;
    int n, r = 0;

    at = *s;
    for (word = strtok_r(text, ",", &save); word && !r;
         word = strtok_r(NULL, ",", &save)) {
        size_t size = strlen(word) + 3;
        char *option = xmalloc(size), *argv[] = {NULL, option, NULL};

        snprintf(option, size, "--%s", word);
        r = cli_parse(&c, 2, argv, &args, &n, e);
        if (r > 0)
            r = err_set(e, ERR_USAGE, "found '%s', expected KEY=VALUE", word);
        free(option);
    }
    *s = at;
    return r;
}

/* NAME:KEY=VALUE,... */
static inline int sampling_task(struct sampling *s, const char *text,
                                const struct sampling *all, struct err *e)
{
    size_t n = strcspn(text, ":");
    char *copy = xstrdup(text);
    int r;

    *s = *all;
    s->task = copy;
    if (!n || n > SAMPLING_TASK_MAX || !text[n]) {
        free(copy);
        return err_set(e, ERR_USAGE,
                       "--task: found '%s', expected NAME:KEY=VALUE,...", text);
    }
    copy[n] = 0;
    r = sampling_words(s, copy + n + 1, e);
    return r ? err_prefix(e, "--task %s", copy) : 0;
}

/* The values of --task, made once: they live as long as the program. */
static inline int sampling_tasks(const struct sampling **out, int *n,
                                 const struct cli_list *l,
                                 const struct sampling *all, struct err *e)
{
    static struct sampling v[CLI_LIST_MAX];
    int r = 0;

    *out = v;
    for (*n = 0; *n < l->n && !r; ++*n) {
        r = sampling_task(&v[*n], l->v[*n], all, e);
        for (int i = 0; i < *n && !r; i++)
            if (!strcmp(v[i].task, v[*n].task))
                r = err_set(e, ERR_USAGE, "--task: %s comes twice", v[i].task);
    }
    return r;
}

#endif
