/* lex - an answer as tokens: LaTeX and plain mathematics alike
 *
 * Commands that only change looks are gone, letters are single symbols,
 * known words are functions, constants, separators or text.
 */
#ifndef ULP_VERIFY_LEX_H
#define ULP_VERIFY_LEX_H
#include "expr.h"

enum tok_type {
    T_END,
    T_NUM,   /* s = digits, exp10, places */
    T_SYM,   /* s = name */
    T_CONST, /* s = "pi", "e", "i", "inf" */
    T_FN,    /* s = a known function */
    T_CMD,   /* s = a LaTeX command with arguments or a symbol */
    T_TEXT,  /* s = words */
    T_SEP,   /* s = "and", "or", or "with": conditions follow */
    T_CUR,   /* s = a currency, written as a sign */
    T_CH     /* ch */
};

struct tok {
    enum tok_type type;
    char ch;
    char space;  /* blanks before it */
    char word;   /* T_SYM: from one word with the one before it */
    char joined; /* T_NUM: groups of digits were joined by commas */
    const char *s;
    int exp10, places;
    const char *repeat; /* T_NUM: digits that go on for ever, or NULL */
};

struct toks {
    struct tok *v;
    size_t n;
    const char *why; /* set when the text cannot be read */
};

/* The tokens of t, in a; the last one is T_END. */
struct toks lex(struct arena *a, struct text t, enum comma comma);

#endif
