/* scorer - responses in, their log-probabilities out: what logprob does
 *
 * Records have prompt_tokens and response_tokens; they are gathered while more
 * are waiting, up to a batch, scored teacher-forced and written on in order.
 */
#ifndef ULP_SCORE_SCORER_H
#define ULP_SCORE_SCORER_H
#include "../comm/comm.h"
#include "../model/engine.h"
#include "../record/filter.h"

struct scorer_opts {
    const char *as;         /* write logprobs.AS; NULL: do not */
    const char *as_against; /* those of `against`, in the same way */
    int check_rollout;      /* compare with response_logprobs */
    int batch;              /* records at once */
    int micro;              /* tokens in a forward; 0: model.h's default */
    double temperature;
    uint64_t seed;     /* of order=shuffled, for the header */
    struct comm *comm; /* the ranks that score together; NULL: one */
};

/* What check_rollout found. */
struct scorer_check {
    uint64_t n, n_differ; /* values, and those that differ in any bit */
    double gap;           /* the largest */
};

/* From f's input to its output; does not close f. against (may be NULL): the
 * model of kl_exact = KL(x || against). On ranks: all call it with the same
 * options; rank 0 alone looks at f and fills *check. */
int scorer_run(struct engine *x, struct engine *against,
               const struct scorer_opts *o, struct filter *f,
               struct scorer_check *check, struct err *e) MUST_CHECK;

#endif
