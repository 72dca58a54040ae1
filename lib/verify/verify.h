/* verify - is this response's answer the right one?
 *
 * Three verifiers: mathematics, choices, code (code.h). A verdict is a
 * function of the texts and the options alone; no text is ever evaluated as
 * a program. Mathematics that is more than a plain number is decided in a
 * worker process with hard limits on CPU and memory, so that no answer can
 * hang or exhaust the caller. README.md has the rules and the policies.
 */
#ifndef ULP_VERIFY_VERIFY_H
#define ULP_VERIFY_VERIFY_H
#include <stddef.h>
#include "../base/err.h"

enum verify_extract {
    VERIFY_RULES, /* the ordered rules of README.md */
    VERIFY_DAPO,  /* verl's rule for DAPO, its comparison too (dapo.h) */
    VERIFY_BOXED, /* the box alone */
    VERIFY_WHOLE  /* the response is the answer */
};

enum verify_status {
    VERIFY_OK,        /* decided */
    VERIFY_NO_ANSWER, /* no rule found an answer */
    VERIFY_TIMEOUT,   /* over the limits on CPU or memory */
    VERIFY_ERROR      /* the verifier itself could not work */
};

struct verify_opts {
    enum verify_extract extract;
    int lenient;      /* fall back to the last formula or number */
    int precision;    /* > 0: decimals agree to that many places */
    int lax_names;    /* one variable may be called something else */
    int no_relations; /* a set gold refuses an inequality for an answer */
    int cpu_ms;       /* per item; 0 means 50 */
    int mem_mb;       /* per item; 0 means 256 */
    int explain;      /* fill gold_tree and answer_tree */
};

/* Strings belong to the verifier and hold until its next call. */
struct verdict {
    int correct;
    enum verify_status status;
    int well_formed;       /* an answer was found and could be read */
    const char *extract;   /* the extraction rule that fired, or "none" */
    const char *rule;      /* the comparison that decided */
    const char *extracted; /* NULL when there is none */
    size_t n_extracted;
    const char *gold_tree, *answer_tree; /* with explain, else NULL */
};

struct verifier;

/* o is copied; NULL or a limit of 0: 50 ms of processor time, 256 MB. The
 * worker starts with the first answer, so that nothing fails here. */
int verify_open(struct verifier **v, const struct verify_opts *o,
                struct err *e) MUST_CHECK;
void verify_close(struct verifier **v); /* ends the worker; NULL is fine */

/* gold may carry dollars, a box or a sentence. 0, or -ERR_IO when no worker
 * can be started. */
int verify_math(struct verifier *v, const char *gold, size_t n_gold,
                const char *response, size_t n_response, struct verdict *out,
                struct err *e) MUST_CHECK;

/* gold: one letter, or several ("AC") where all must be named. choices: the
 * texts of A, B, ..., so that a choice may be named by its text; may be
 * NULL. An answer that names another number of letters is no answer. */
int verify_choice(struct verifier *v, const char *gold, size_t n_gold,
                  const char *const *choices, size_t n_choices,
                  const char *response, size_t n_response, struct verdict *out,
                  struct err *e) MUST_CHECK;

/* As records have it. */
const char *verify_status_name(enum verify_status s);

#endif
