/* hyper - the hyperparameters of a run, in one table
 *
 * A row is X(type, member, default, key, option, arg, help, least, most): a
 * member of struct loop_opts, its key in trainer_state.json, and its option.
 * The members, their defaults, what a resume compares, and the options with
 * their help (the man page is made of it) all come from here. Types: INT, REAL;
 * NOT, an option that turns off what the key says.
 */
#ifndef ULP_TRAIN_HYPER_H
#define ULP_TRAIN_HYPER_H
#include "../model/temperature.h"

#define HYPER_BATCH(X)                                                         \
    X(INT, prompts, 256, "prompts", "prompts", "P",                            \
      "prompts (groups of samples) in a step", 1, 1e6)                         \
    X(INT, mini_batch, 64, "mini_batch", "mini-batch", "M",                    \
      "prompts in one optimizer update", 1, 1e6)                               \
    X(INT, samples, 16, "samples", "samples", "N",                             \
      "rollouts of a prompt (group size)", 1, 1e5)                             \
    X(INT, epochs, 1, "epochs", "epochs", "N",                                 \
      "PPO epochs: passes over a step's batch", 1, 1000)                       \
    X(INT, max_gen_batches, 10, "max_gen_batches", "max-gen-batches", "N",     \
      "rounds of generation to fill a batch", 1, 1e6)                          \
    X(NOT, no_dynamic, 0, "dynamic", "no-dynamic", NULL,                       \
      "no dynamic sampling: keep groups that are all correct or all wrong", 0, \
      0)                                                                       \
    X(NOT, no_std, 0, "advantage_std", "no-std", NULL,                         \
      "do not divide advantages by the group's standard deviation", 0, 0)

#define HYPER_LOSS(X)                                                          \
    X(REAL, clip_low, 0.2, "clip_low", "clip-low", "E",                        \
      "lower clip: ratio at least 1 - E", 0, 1)                                \
    X(REAL, clip_high, 0.28, "clip_high", "clip-high", "E",                    \
      "upper clip: ratio at most 1 + E", 0, 1e6)                               \
    X(REAL, dual_clip, 10, "dual_clip", "dual-clip", "C",                      \
      "dual clip: loss at most -C A where the advantage A < 0; 0 = off", 0,    \
      1e6)                                                                     \
    X(REAL, tis, 0, "tis", "tis", "C",                                         \
      "truncated importance sampling: weight tokens by "                       \
      "min(exp(logp_old - logp_rollout), C); 0 = off",                         \
      0, 1e6)                                                                  \
    X(REAL, temperature, 1, "temperature", "temperature", "T",                 \
      "the rollouts' temperature", TEMPERATURE_MIN, TEMPERATURE_MAX)

#define HYPER_RATE(X)                                                          \
    X(REAL, lr, 1e-6, "lr", "lr", "X", "learning rate", 0, 1e6)                \
    X(INT, lr_warmup, 0, "lr_warmup", "lr-warmup", "N",                        \
      "steps over which the rate rises linearly", 0, 1e9)                      \
    X(REAL, beta1, 0.9, "beta1", "beta1", "B", "decay of the first moment", 0, \
      1)                                                                       \
    X(REAL, beta2, 0.999, "beta2", "beta2", "B", "decay of the second moment", \
      0, 1)

/* What AdamW has beside its betas; pretrain has the same options. */
#define HYPER_ADAMW(X)                                                         \
    X(REAL, eps, 1e-8, "eps", "eps", "E",                                      \
      "added to the root of the second moment", 0, 1)                          \
    X(REAL, weight_decay, 0.01, "weight_decay", "weight-decay", "D",           \
      "decoupled; not on norms and biases", 0, 1e6)                            \
    X(REAL, grad_clip, 1, "grad_clip", "grad-clip", "G",                       \
      "maximum norm of the gradient; 0 = no clip", 0, 1e30)

#define HYPER(X) HYPER_BATCH(X) HYPER_RATE(X) HYPER_ADAMW(X) HYPER_LOSS(X)

#define HYPER_C_INT int
#define HYPER_C_REAL double
#define HYPER_C_NOT int
#define HYPER_MEMBER(type, member, init, key, option, arg, help, lo, hi)       \
    HYPER_C_##type member;
#define HYPER_INIT(type, member, init, key, option, arg, help, lo, hi)         \
    .member = init,

/* Rows of a program's table of options, whose static struct is o. */
#define HYPER_OPT_INT OPT_INT
#define HYPER_OPT_REAL OPT_F64
#define HYPER_OPT_NOT OPT_FLAG
#define HYPER_OPTION(type, member, init, key, option, arg, help, lo, hi)       \
    {HYPER_OPT_##type, option, 0, &o.member, arg, help, lo, hi},

#endif
