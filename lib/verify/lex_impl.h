/* lex_impl - what the parts of the lexer share (lex.h) */
#ifndef ULP_VERIFY_LEX_IMPL_H
#define ULP_VERIFY_LEX_IMPL_H
#include <ctype.h>
#include <string.h>
#include "lex.h"

struct lexer {
    struct arena *a;
    struct text t;
    size_t i;
    enum comma comma;
    int space, nest;
    int money; /* an odd number of dollars: they do not delimit formulas */
    int depth; /* of () and []: commas there part items */
    struct tok *v;
    size_t n;
    const char *why;
    /* reads a text within the text (lex.c) */
    void (*plain)(struct lexer *l, struct text t);
};

/* Byte i of the text; 0 behind its end. */
static inline char at(const struct lexer *l, size_t i)
{
    return i < l->t.n ? l->t.s[i] : 0;
}

/* Is byte i an ASCII digit? */
static inline int digit(const struct lexer *l, size_t i)
{
    return isdigit((unsigned char)at(l, i)) != 0;
}

/* How many there are from i on. */
static inline size_t run_of_digits(const struct lexer *l, size_t i)
{
    size_t k = 0;
    while (digit(l, i + k))
        k++;
    return k;
}

/* lex_emit.c */
struct tok *lex_emit(struct lexer *l, enum tok_type type, const char *s);
void lex_emit_ch(struct lexer *l, char c);
void lex_dollar(struct lexer *l); /* money, with the "US" before it */

/* lex_command.c: "\\frac" and its like, "\\{" and its like, at l->i. */
void lex_command(struct lexer *l);
void lex_escape(struct lexer *l);

/* lex_number.c: the number at l->i. */
void lex_number(struct lexer *l);

/* lex_word.c */
void lex_word(struct lexer *l, struct text w); /* a run of letters */
void lex_text(struct lexer *l, const char *w); /* words as such */
int lex_is_function(struct text w);
int lex_is_greek(struct text w);
size_t lex_clock(struct text t); /* length of "p.m." at the beginning */
/* "i.e.", "that is", "equivalently" at the beginning: the length, or 0. */
size_t lex_same(struct text t);
size_t lex_rate(struct text t); /* length of "km/h" at the beginning */

#endif
