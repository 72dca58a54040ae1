/* ops - the operations of struct kernels, listed once
 *
 * X(operation, scratch, hardware). Backends declare their functions, fill
 * their tables and count what operations take from this list, registry.c and
 * the tests see from it that none is missing:
 *
 *     #define DECLARE(op, ...) K_FUNCTION(op) my_##op;
 *     K_OPS(DECLARE)
 *
 * SCRATCH: takes memory to work in that a plan counts (scratch.h). HARDWARE:
 * has a function of its own under order=hardware. Memory, sync and close are
 * each backend's own.
 */
#ifndef ULP_KERNELS_OPS_H
#define ULP_KERNELS_OPS_H

#define K_OPS(X)                                                              \
    X(cast, , )                                                               \
    X(weight_new, , )                                                         \
    X(weight_free, , )                                                        \
    X(weight_set, , )                                                         \
    X(embed, , )                                                              \
    X(embed_bwd, , )                                                          \
    X(rmsnorm, , )                                                            \
    X(rmsnorm_bwd, SCRATCH, HARDWARE)                                         \
    X(rmsnorm_heads, , )                                                      \
    X(rmsnorm_heads_bwd, SCRATCH, HARDWARE)                                   \
    X(linear, SCRATCH, HARDWARE)                                              \
    X(linear_dx, , HARDWARE)                                                  \
    X(linear_dw, , HARDWARE)                                                  \
    X(rope, , )                                                               \
    X(attn, SCRATCH, HARDWARE)                                                \
    X(attn_bwd, SCRATCH, HARDWARE)                                            \
    X(kv_new, , )                                                             \
    X(kv_free, , )                                                            \
    X(kv_rows, , )                                                            \
    X(attn_cached, , HARDWARE)                                                \
    X(swiglu, , )                                                             \
    X(swiglu_bwd, , )                                                         \
    X(residual, , )                                                           \
    X(dropout_bwd, , )                                                        \
    X(add, , )                                                                \
    X(sum_rows, , )                                                           \
    X(head_logp, SCRATCH, HARDWARE)                                           \
    X(head_bwd, SCRATCH, HARDWARE)                                            \
    X(head_kl, , HARDWARE)                                                    \
    X(head_sample, , HARDWARE)                                                \
    X(head_logits, , HARDWARE)                                                \
    X(adamw, , )                                                              \
    X(sumsq, SCRATCH, )                                                       \
    X(compare, , )

/* What follows, where an operation is marked: K_IF(mark)(...). */
#define K_IF(mark) K_IF_##mark
#define K_IF_(...)
#define K_IF_SCRATCH(...) __VA_ARGS__
#define K_IF_HARDWARE(...) __VA_ARGS__

/* The type of the function behind an operation. */
#ifdef __cplusplus
template <typename F> struct k_pointee;
template <typename F> struct k_pointee<F *> {
    typedef F type;
};
#define K_FUNCTION(op) k_pointee<decltype(kernels::op)>::type
#else
#define K_FUNCTION(op) __typeof__(*((struct kernels *)0)->op)
#endif

#endif
