/* lex - see lex.h */
#include "lex_impl.h"

static int two_chars(struct lexer *l)
{
    static const char *const ops[][2] = {
        {"<=", "leq"},    {">=", "geq"},   {"!=", "ne"}, {"=>", "to"},
        {"=<", "leq"},    {"->", "to"},    {"+-", "pm"}, {"==", "="},
        {"...", "ldots"}, {"~=", "approx"}};

    if (text_starts(l->t, l->i, "**")) {
        l->i += 2;
        lex_emit_ch(l, '^');
        return 1;
    }
    for (size_t k = 0; k < sizeof ops / sizeof ops[0]; k++) {
        if (!text_starts(l->t, l->i, ops[k][0]))
            continue;
        l->i += strlen(ops[k][0]);
        if (!strcmp(ops[k][1], "="))
            lex_emit_ch(l, '=');
        else
            lex_emit(l, T_CMD, ops[k][1]);
        return 1;
    }
    return 0;
}

static int next_to_digit(const struct lexer *l)
{
    size_t i = l->i, k = i + 1;

    while (i && at(l, i - 1) == ' ')
        i--;
    while (at(l, k) == ' ' || at(l, k) == '-' || at(l, k) == '.')
        k++;
    return (i && digit(l, i - 1)) || digit(l, k);
}

static int odd_dollars(struct text t)
{
    int odd = 0;

    for (size_t i = 0; i < t.n; i++)
        odd ^= t.s[i] == '$' && !(i && t.s[i - 1] == '\\');
    return odd;
}

/* A run of letters: a clock or a rate behind a number, "the same" of a choice, a
 * times sign, or a word. */
static void letters(struct lexer *l)
{
    struct text rest = text_of(l->t.s + l->i, l->t.n - l->i);
    int after = l->n && l->v[l->n - 1].type == T_NUM;
    size_t k = l->i, same = lex_same(rest);
    size_t clock = after ? lex_clock(rest) : 0;
    size_t rate = after ? lex_rate(rest) : 0;
    struct text w;

    while (isalpha((unsigned char)at(l, k)))
        k++;
    w = text_of(l->t.s + l->i, k - l->i);
    if (same) {
        lex_emit(l, T_SEP, "or");
        l->i += same;
    } else if (rate) {
        lex_text(l, arena_strndup(l->a, rest.s, rate));
        l->i += rate;
    } else if (after && text_is(w, "x") && l->space && at(l, k) == ' ' &&
               digit(l, k + 1)) {
        lex_emit_ch(l, '*'); /* "0.2 x 50" */
        l->i = k;
    } else {
        if (after && !clock && w.n > 2 && !l->space && text_starts(w, 0, "or"))
            w.n = clock = 2; /* "x = 1or" */
        l->i += clock ? clock : w.n;
        if (clock > 2 || (clock && w.s[0] != 'o'))
            lex_text(l, arena_strndup(l->a, rest.s, clock));
        else
            lex_word(l, w);
    }
}

static void beyond_ascii(struct lexer *l)
{
    size_t k = l->i;

    while ((unsigned char)at(l, k) >= 0x80)
        k++;
    lex_text(l, arena_strndup(l->a, l->t.s + l->i, k - l->i));
    l->i = k;
}

static void one_char(struct lexer *l, char c)
{
    l->depth += c == '(' || c == '[';
    l->depth -= c == ')' || c == ']';
    l->i++;
    if (c != '.')
        lex_emit_ch(l, c);
}

static void plain(struct lexer *l, struct text t)
{
    struct text outer = l->t;
    size_t at_outer = l->i;

    if (++l->nest > 20) {
        l->why = "too deep";
        return;
    }
    l->t = t;
    l->i = 0;
    while (l->i < l->t.n && !l->why) {
        char c = at(l, l->i);
        if (c == '$' && l->money && next_to_digit(l)) {
            lex_dollar(l);
            l->i++;
        } else if (isspace((unsigned char)c) || c == '~' || c == '$') {
            l->space = 1;
            l->i++;
        } else if (isdigit((unsigned char)c) ||
                   (c == '.' && digit(l, l->i + 1))) {
            lex_number(l);
        } else if (c == '\\') {
            if (isalpha((unsigned char)at(l, l->i + 1)))
                lex_command(l);
            else
                lex_escape(l);
        } else if (isalpha((unsigned char)c)) {
            letters(l);
        } else if ((unsigned char)c >= 0x80) {
            beyond_ascii(l);
        } else if (two_chars(l)) {
            continue;
        } else if (strchr("+-*/^_()[]{}|<>=,;:!%'&.", c)) {
            one_char(l, c);
        } else if (c == '"' || c == '`') {
            l->i++;
        } else {
            l->why = "a character that is not mathematics";
        }
    }
    l->t = outer;
    l->i = at_outer;
    l->nest--;
}

static int op_of_condition(const struct tok *k)
{
    return (k->type == T_CH && (k->ch == '<' || k->ch == '>')) ||
           (k->type == T_CMD && (!strcmp(k->s, "in") || !strcmp(k->s, "ne") ||
                                 !strcmp(k->s, "leq") || !strcmp(k->s, "geq")));
}

/* "... (or 0.5)", "... (k in Z)" at the end: what the brackets say is a
 * remark on the value, not a factor. */
static void remarks(struct lexer *l)
{
    size_t end = l->n - 1, i = end, depth = 0;
    int condition = 0;

    if (l->n < 4 || l->v[end - 1].type != T_CH || l->v[end - 1].ch != ')')
        return;
    while (i-- > 0) {
        const struct tok *k = &l->v[i];
        depth += k->type == T_CH && k->ch == ')';
        condition |= depth == 1 && op_of_condition(k);
        if (k->type == T_CH && k->ch == '(' && --depth == 0)
            break;
    }
    if (i == 0 || i >= end || depth)
        return;
    const struct tok *next = &l->v[i + 1], *prev = &l->v[i - 1];
    int remark = (next->type == T_SEP && strcmp(next->s, "and")) ||
                 (next->type == T_CH && next->ch == '=');
    if (!remark &&
        !(condition && (l->v[i].space || prev->type == T_NUM) &&
          (prev->type != T_CH || strchr(")}]|", prev->ch)) &&
          prev->type != T_FN && prev->type != T_SEP && prev->type != T_CMD))
        return;
    l->v[i].type = T_SEP;
    l->v[i].s = remark ? "or" : "with";
    if (next->type == T_CH && next->ch == '=')
        l->v[i + 1] = (struct tok){.type = T_SEP, .s = "or"};
    l->v[end - 1] = l->v[end];
    l->n--;
}

/* "the value of x is 5" as "x = 5". */
static void sentence(struct lexer *l)
{
    struct tok *k = l->v;
    size_t i = l->n && k->type == T_TEXT && !strstr(k->s, "not") &&
               !strstr(k->s, "n't");

    if (l->n < i + 4 || k[i].type != T_SYM || k[i + 1].type != T_TEXT ||
        !text_in(text_of(k[i + 1].s, strlen(k[i + 1].s)),
                 "is|equals|is equal to") ||
        k[i + 2].type == T_TEXT || k[i + 2].type == T_SEP)
        return;
    k[i + 1] = (struct tok){.type = T_CH, .ch = '='};
    memmove(k, k + i, (l->n - i) * sizeof *k);
    l->n -= i;
}

struct toks lex(struct arena *a, struct text t, enum comma comma)
{
    struct lexer l = {.a = a, .comma = comma, .plain = plain};
    struct toks r = {0};

    /* every token eats at least one byte, but \begin{} gives two tokens for
     * many bytes and a \text{}'s comma one more */
    l.v = arena_alloc(a, (t.n + 4) * sizeof *l.v);
    l.money = odd_dollars(t);
    plain(&l, t);
    lex_emit(&l, T_END, "");
    remarks(&l);
    sentence(&l);
    r.v = l.v;
    r.n = l.n;
    r.why = l.why;
    return r;
}
