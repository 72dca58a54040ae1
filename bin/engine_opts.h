/* engine_opts - options of every program that runs a model, in one wording
 *
 * Each macro is one row of a table of struct opt (OPT_DEVICE: two). dst and its
 * like are the addresses that the parser writes to, of the type that cli.h
 * gives for the row.
 */
#ifndef ULP_BIN_ENGINE_OPTS_H
#define ULP_BIN_ENGINE_OPTS_H

#include "../lib/base/pool.h"
#include "../lib/model/arm.h"
#include "../lib/model/micro.h"
#include "../lib/model/temperature.h"

/* name: "arm"; a table at file scope, whose values live as long. */
#define OPT_ARM_AS(name, dst, text)                                            \
    {                                                                          \
        OPT_KNOWN, name, 0, &(struct cli_known){dst, arm_help}, "ARM", text,   \
            0, 0                                                               \
    }

#define OPT_ARM(dst)                                                           \
    OPT_ARM_AS("arm", dst,                                                     \
               "precision arm, NAME[,factor=value...]; help lists arms and "   \
               "factors")

/* With zero: 0, too. */
#define OPT_TEMPERATURE(dst, zero, text)                                       \
    {                                                                          \
        zero ? OPT_F64_0 : OPT_F64, "temperature", 0, dst, "T", text,          \
            TEMPERATURE_MIN, TEMPERATURE_MAX                                   \
    }

#define OPT_DEVICE(device, threads)                                            \
    {OPT_STR, "device",                                                        \
     0,       device,                                                          \
     "NAME",  "cpu, cuda, or auto: cuda where there is a device, else cpu",    \
     0,       0},                                                              \
    {                                                                          \
        OPT_INT, "threads", 0, threads, "N", "0 = one per processor", 0,       \
            POOL_MOST                                                          \
    }

#define OPT_PLAN(dst)                                                          \
    {                                                                          \
        OPT_FLAG, "plan", 0, dst, NULL,                                        \
            "say what it would take, and stop; with --json as one record", 0,  \
            0                                                                  \
    }

#define OPT_MICRO_BATCH(dst)                                                      \
    {                                                                             \
        OPT_INT, "micro-batch", 0, dst, "N",                                      \
            "tokens in a forward and backward, shared prefixes counted once; in " \
            "canonical order results do not depend on it",                        \
            1, 1 << 30                                                            \
    }

#define OPT_RECOMPUTE(dst)                                                     \
    {                                                                          \
        OPT_FLAG, "recompute", 0, dst, NULL,                                   \
            "gradient checkpointing: keep only the layers' inputs for the "    \
            "backward, and compute the rest "                                  \
            "again: less memory, more time, the same bits",                    \
            0, 0                                                               \
    }

#define OPT_RELEASE(dst, what)                                                  \
    {                                                                           \
        OPT_FLAG, "release", 0, dst, NULL,                                      \
            "with --sync: give all memory but the weights" what                 \
            " back while the "                                                  \
            "other program works, so that both fit one device; always on cuda", \
            0, 0                                                                \
    }

#endif
