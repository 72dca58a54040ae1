/* code_judge - one item in a pair of sandboxes: U for programs, T for tests
 *
 * The part of the code verifier that a worker thread does; code.h is what
 * others use.
 */
#ifndef ULP_VERIFY_CODE_JUDGE_H
#define ULP_VERIFY_CODE_JUDGE_H
#include <stdatomic.h>
#include "code.h"
#include "sandbox.h"

enum { CODE_MAX_TEXT = 1 << 20 }; /* bytes of a prompt, response or test */

struct code_pair {
    struct sandbox u, t;
    struct sandbox_opts sandbox;
    double wait_s;
    atomic_int *stop; /* when set, an item under way is given up */
};

/* Start whichever of the two does not run. */
int code_pair_start(struct code_pair *w, struct err *e) MUST_CHECK;
void code_pair_stop(struct code_pair *w);
/* Returns 0, or negative when there is no sandbox to judge in; starts what
 * must be started. */
int code_pair_judge(struct code_pair *w, const struct code_item *item,
                    struct code_verdict *out, struct err *e) MUST_CHECK;
/* A verdict that is no pass, and why. */
void code_say(struct code_verdict *out, enum code_status status,
              const char *fmt, ...) PRINTF_LIKE(3, 4);

#endif
