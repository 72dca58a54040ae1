/* ops - the operations of struct kernels, listed once
 *
 * A backend declares its functions and fills its table from this list:
 *
 *     #define DECLARE(op) K_FUNCTION(op) my_##op;
 *     K_OPS(DECLARE)
 *
 * Memory, sync and close are each backend's own.
 */
#ifndef ULP_KERNELS_OPS_H
#define ULP_KERNELS_OPS_H

#define K_OPS(X)                                                             \
    X(cast) X(weight_new) X(weight_free) X(weight_set)                       \
    X(embed) X(embed_bwd) X(rmsnorm) X(rmsnorm_bwd)                          \
    X(rmsnorm_heads) X(rmsnorm_heads_bwd)                                    \
    X(linear) X(linear_dx) X(linear_dw) X(rope) X(attn) X(attn_bwd)          \
    X(kv_new) X(kv_free) X(kv_rows) X(attn_cached)                           \
    X(swiglu) X(swiglu_bwd) X(residual) X(dropout_bwd) X(add) X(sum_rows)    \
    X(head_logp) X(head_bwd) X(head_kl) X(head_sample) X(head_logits)        \
    X(adamw) X(sumsq) X(compare)

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
