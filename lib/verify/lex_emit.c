/* lex_emit - tokens as they are put down (lex.h) */
#include "lex_impl.h"

struct tok *lex_emit(struct lexer *l, enum tok_type type, const char *s)
{
    struct tok *k = &l->v[l->n++];

    memset(k, 0, sizeof *k);
    k->type = type;
    k->s = s;
    k->space = (char)l->space;
    l->space = 0;
    return k;
}

void lex_emit_ch(struct lexer *l, char c)
{
    lex_emit(l, T_CH, "")->ch = c;
}

void lex_dollar(struct lexer *l)
{
    const struct tok *k = &l->v[l->n];

    if (l->n && k[-1].type == T_TEXT && !strcmp(k[-1].s, "US"))
        l->n--;
    else if (l->n > 1 && k[-1].word && !strcmp(k[-1].s, "S") &&
             !strcmp(k[-2].s, "U"))
        l->n -= 2;
    lex_emit(l, T_CUR, "dollar");
}
