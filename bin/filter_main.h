/* filter_main - the main of a filter: its options with those of every filter,
 * its run, the input and output dropped after an error */
#ifndef ULP_BIN_FILTER_MAIN_H
#define ULP_BIN_FILTER_MAIN_H
#include "../lib/record/filter.h"
#include "main.h"

/* A filter's table of options: its own, and then those of every filter. */
#define FILTER_OPTS(own)                                                       \
    {                                                                          \
        {OPT_GROUP, NULL, 0, (void *)own, NULL, NULL, 0, 0},                   \
            {OPT_GROUP, NULL, 0, NULL, NULL, NULL, 0, 0},                      \
        {                                                                      \
            0                                                                  \
        }                                                                      \
    }

/* opts: FILTER_OPTS, which c has too. */
static inline int filter_main(const struct cli *c, struct opt *opts,
                              struct filter *f, int argc, char **argv,
                              int (*run)(char **args, int n, struct err *e))
{
    struct err e = {0};
    char **args;
    int n;

    opts[1].dst = (void *)(uintptr_t)filter_opts(f);
    n = start(c, argc, argv, &args);
    if (run(args, n, &e)) {
        /* a thread of a rank may read and write yet; outputs have no name */
        if (fail_elsewhere && fail_elsewhere(&e))
            _exit(e.code ? e.code : ERR_IO);
        filter_abort(f);
        return fail(c, &e);
    }
    return finish(c);
}

#endif
