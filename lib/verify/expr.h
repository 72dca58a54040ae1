/* expr - the expression tree of an answer
 *
 * Numbers keep their digits as written (digits * 10^exp10), so that a tree
 * owns nothing outside its arena and a rounded gold knows its own places.
 */
#ifndef ULP_VERIFY_EXPR_H
#define ULP_VERIFY_EXPR_H
#include "norm.h"

enum expr_kind {
    E_NUM,   /* name = digits, exp10, places */
    E_BASE,  /* a numeral in base exp10: name = digits */
    E_SYM,   /* name: a variable, with its subscript and primes */
    E_CONST, /* name: "pi", "e", "i", "inf" */
    E_ADD,
    E_MUL,
    E_POW,     /* a[0] ^ a[1]; a quotient is MUL with POW -1 */
    E_FN,      /* name, arguments */
    E_PM,      /* plus or minus a[0] */
    E_PERCENT, /* a[0] per hundred */
    E_DEG,     /* a[0] degrees */
    E_UNIT,    /* a[0] with the unit or trailing words in name */
    E_WITH,    /* a[0] under the conditions a[1], a[2], ...; name: "set" for
                  {a[0] | ...} */
    E_PIECES,  /* branches, each an E_WITH */
    E_TEXT,    /* words */
    E_SEQ,     /* items in brackets lb, rb: tuple, interval, list */
    E_LIST,    /* bare items; name: "or", "and" where one parts them */
    E_SET,
    E_UNION,
    E_INTER,
    E_DIFF,   /* of sets */
    E_MATRIX, /* rows * cols items */
    E_REL,    /* a[0] op[0] a[1] op[1] ...; ops in name */
    E_RATIO,  /* a[0] : a[1] : ... */
    E_DOTS
};

/* Relations in E_REL's name: '=' '<' 'l' (<=) '>' 'g' (>=) 'n' (not equal)
 * '~' (about) 'i' (element of) 't' (tends to, implies). */

/* A node and its n operands; what else it has its kind says. In an arena. */
struct expr {
    enum expr_kind kind;
    int n;
    struct expr **a;
    const char *name;
    int exp10, places, rows, cols;
    char lb, rb;
};

/* How a comma between digits is read. */
enum comma { COMMA_THOUSANDS, COMMA_LIST, COMMA_DECIMAL };

/* NULL with *why when the text is not mathematics; bounded in depth and
 * size. strict_words: refuse words that are neither units nor names. */
struct expr *expr_parse(struct arena *a, struct text t, enum comma comma,
                        const char **why);

/* New nodes in a: n empty operands; a name, borrowed; the operands x and y;
 * the number v; -x; x / y as a product with y^-1. */
struct expr *expr_new(struct arena *a, enum expr_kind k, int n);
struct expr *expr_named(struct arena *a, enum expr_kind k, const char *name);
struct expr *expr_pair(struct arena *a, enum expr_kind k, const struct expr *x,
                       const struct expr *y);
struct expr *expr_num(struct arena *a, long v);
struct expr *expr_neg(struct arena *a, const struct expr *x);
struct expr *expr_over(struct arena *a, const struct expr *x,
                       const struct expr *y);
/* y where x is -y, else NULL. */
const struct expr *expr_negated(const struct expr *x);
/* Is there a node of this kind, and of this name unless that is NULL? */
int expr_has(const struct expr *e, enum expr_kind k, const char *name);
/* A copy in which the symbol called name is by. */
struct expr *expr_subst(struct arena *a, const struct expr *e, const char *name,
                        struct expr *by);
/* The tree in one line: for --explain, and canonical (sums and products
 * sorted) as the identity of what is not a number. */
const char *expr_show(struct arena *a, const struct expr *e, int canonical);

#endif
