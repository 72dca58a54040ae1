/* engine_opts - options of every program that runs a model, in one wording */
#ifndef ULP_BIN_ENGINE_OPTS_H
#define ULP_BIN_ENGINE_OPTS_H

#define OPT_ARM(dst)                                                         \
    {OPT_STR, "arm", 0, dst, "ARM", "precision arm, NAME[,factor=value...]", \
     0, 0}

#define OPT_DEVICE(device, threads)                                          \
    {OPT_STR, "device", 0, device, "NAME", "auto, cpu or cuda", 0, 0},       \
    {OPT_INT, "threads", 0, threads, "N", "0 = one per processor", 0, 4096}

#define OPT_PLAN(dst)                                                        \
    {OPT_FLAG, "plan", 0, dst, NULL, "say what it would take, and stop", 0, 0}

#endif
