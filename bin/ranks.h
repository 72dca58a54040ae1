/* ranks - the options of a program that runs on several ranks, and its start
 *
 *     r = ranks_begin(&ranks, &comm, &e);  // before devices and outputs
 *     if (r)
 *         return r < 0 ? r : 0;            // not a rank: all of them are done
 *     ... the work, with comm ...
 *     return ranks_finish(&comm, &e);
 */
#ifndef ULP_BIN_RANKS_H
#define ULP_BIN_RANKS_H
#include "../lib/comm/ranks.h"
#include "main.h"

/* --ranks and --launcher into the struct ranks_opts *o. */
#define OPT_RANKS(o)                                                           \
    {OPT_INT,                                                                  \
     "ranks",                                                                  \
     0,                                                                        \
     &(o)->n,                                                                  \
     "R",                                                                      \
     "compute in R processes (docs/SCALE.md); results do not depend on it; "   \
     "0 or 1 = in this one",                                                   \
     0,                                                                        \
     RANKS_MOST},                                                              \
    {                                                                          \
        OPT_STR, "launcher", 0, &(o)->launcher, "COMMAND",                     \
            "what starts them: local = on this host; or a command such as "    \
            "'mpirun -n R'",                                                   \
            0, 0                                                               \
    }

/* --shard-weights; dst: int *. Rows of a table of struct opt, like those above
 * and below. */
#define OPT_SHARD_WEIGHTS(dst)                                                 \
    {                                                                          \
        OPT_FLAG, "shard-weights", 0, dst, NULL,                               \
            "with --ranks: as ZeRO-3, each rank keeps only its slice of the "  \
            "weights, "                                                        \
            "and reads a layer of the others' before it is needed: less "      \
            "memory, more time, the same bits",                                \
            0, 0                                                               \
    }

/* --timeline; dst: const char **. */
#define OPT_TIMELINE(dst)                                                      \
    {                                                                          \
        OPT_STR, "timeline", 0, dst, "FILE",                                   \
            "write what each rank computed and exchanged when, for Perfetto "  \
            "or chrome://tracing (docs/SCALE.md)",                             \
            0, 0                                                               \
    }

/* Other launchers' ranks share no memory: they send messages. */
static inline int ranks_is_local(const struct ranks_opts *o)
{
    return !o->launcher || !strcmp(o->launcher, "local");
}

/* As ranks_start; messages of a rank are said by the process that was
 * started. */
static inline int ranks_begin(const struct ranks_opts *o, struct comm **c,
                              struct err *e)
{
    int r;

    fail_elsewhere = ranks_tell;
    r = ranks_start(o, c, e);
    if (!r && comm_size(*c) > 1)
        xmalloc_on_failure(ranks_out_of_memory);
    return r;
}

#endif
