/* parse - what the two halves of the parser share (parse.c has the grammar,
 * parse_primary.c what stands at its leaves) */
#ifndef ULP_VERIFY_PARSE_H
#define ULP_VERIFY_PARSE_H
#include "lex.h"

enum { MAX_DEPTH = 300, MAX_TEXT = 1 << 16 };

struct parser {
    struct arena *a;
    struct tok *v;
    size_t i;
    int depth, bars, in_matrix;
    const char *why; /* the first complaint; everything unwinds on it */
    struct expr *dummy;
};

int p_known_primary(const char *cmd);
struct expr *p_primary(struct parser *p);
/* The argument of a TeX command; digit: of a bare number one digit. */
struct expr *p_arg(struct parser *p, int digit);
struct expr *p_group_arg(struct parser *p);
struct expr *p_fn_arg(struct parser *p);
struct expr *p_postfix(struct parser *p, struct expr *e);
struct expr *p_operator(struct parser *p, const char *name);
struct expr *p_determinant(struct parser *p, struct expr *m);
struct expr *p_environment(struct parser *p);
struct expr *p_with(struct parser *p, struct expr *value, struct expr *conds);
/* "is an integer": the set of numbers that words name, or NULL. */
const char *p_number_set(const char *words);
/* Is e a whole number of at most nine digits? */
int p_whole(const struct expr *e, long *v);
struct expr *p_repeat(struct parser *p, struct expr *e, const char *digits);
struct expr *p_frac(struct parser *p);
struct expr *p_root(struct parser *p);
struct expr *p_sum_of(struct parser *p);
struct expr *p_list_of(struct parser *p); /* may be empty */

#endif
