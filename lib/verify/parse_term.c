/* parse_term - products, mixed numbers, units (parse.c has the grammar) */
#include "parse_impl.h"

/* Does the next token begin a factor (an unwritten product)? */
static int begins(struct parser *p)
{
    struct tok *t = peek(p);

    switch (t->type) {
    case T_SYM:
    case T_CONST:
    case T_FN:
    case T_NUM:
        return 1;
    case T_CH:
        /* "[" may also close: ]a, b[ */
        if (t->ch == '[' &&
            (t[1].type == T_END || t[1].type == T_SEP ||
             (t[1].type == T_CH && t[1].ch != '(' && t[1].ch != '{' &&
              t[1].ch != '[' && t[1].ch != '-' && t[1].ch != '|') ||
             (t[1].type == T_CMD && !p_known_primary(t[1].s))))
            return 0;
        return t->ch == '(' || t->ch == '{' || t->ch == '[' ||
               (t->ch == '|' && !p->bars);
    case T_CMD:
        return p_known_primary(t->s);
    default:
        return 0;
    }
}

static int int_frac(const struct expr *e)
{
    return e->kind == E_MUL && e->n == 2 && e->a[0]->kind == E_NUM &&
           !e->a[0]->exp10 && e->a[1]->kind == E_POW &&
           e->a[1]->a[0]->kind == E_NUM && !e->a[1]->a[0]->exp10 &&
           e->a[0]->name[0] != '-';
}

/* "3 1/2" and "3\frac{1}{2}": a mixed number; NULL if it is none. */
static struct expr *mixed(struct parser *p, struct expr *whole)
{
    struct tok *t = peek(p), *prev = p->i ? &p->v[p->i - 1] : t;
    size_t back = p->i;

    if (whole->kind != E_NUM || whole->exp10 || prev->type != T_NUM)
        return NULL;
    if (t->type == T_NUM && t->space && !t->exp10 &&
        p->v[p->i + 1].type == T_CH && p->v[p->i + 1].ch == '/' &&
        p->v[p->i + 2].type == T_NUM && !p->v[p->i + 2].exp10) {
        struct expr *x = named(p, E_NUM, t->s);
        struct expr *y = named(p, E_NUM, p->v[p->i + 2].s);
        p->i += 3;
        return p_postfix(p, two(p, E_ADD, whole, expr_over(p->a, x, y)));
    }
    if (p_is_cmd(p, "frac")) {
        const char *digits = p->v[p->i + 1].s;
        p->i++;
        struct expr *f = p_frac(p);
        int degrees = p_is_ch(p, '^') && (!strcmp(p->v[p->i + 1].s, "circ") ||
                                          !strcmp(p->v[p->i + 2].s, "circ"));
        if (!p->why && int_frac(f) && (!p_is_ch(p, '^') || degrees))
            return p_postfix(p, two(p, E_ADD, whole, f));
        if (!p->why) { /* a plain product: read it again */
            p->v[back + 1].s = digits;
            p->i = back;
        }
    }
    return NULL;
}

/* "5 (or 6)", "5 is wrong": a second answer or a statement among the
 * words, which are then no unit. */
static int hedges(const char *s)
{
    static const char words[] =
        "or|not|nor|maybe|but|either|is|isn|are|was|wrong|incorrect|false|"
        "doesn|don|fails|no|never|cannot|except|and|than|least|most|more|"
        "less";

    for (const char *begin = s; *s; s++) {
        size_t k = 0;
        if (isdigit((unsigned char)*s) && (s == begin || !strchr("^{-", s[-1])))
            return 1;
        while (isalpha((unsigned char)s[k]))
            k++;
        if (k && text_at(text_of(s, k), 0, words) == k)
            return 1;
        s += k ? k - 1 : 0;
    }
    return 0;
}

/* Words behind a value: all of them are its unit, or say which set of
 * numbers it is from ("k is an integer"). */
static struct expr *unit(struct parser *p, struct expr *e)
{
    const char *name = "";

    while (!p->why) {
        struct tok *t = peek(p);
        if (t->type == T_TEXT || t->type == T_CUR) {
            name = arena_printf(p->a, "%s%s%s", name, *name ? " " : "", t->s);
            p->i++;
        } else if (*name && t->type == T_CH && t->ch == '/' &&
                   p->v[p->i + 1].type != T_NUM) {
            name = arena_printf(p->a, "%s/", name);
            p->i++;
        } else if (*name && t->type == T_CH && t->ch == '^') {
            p->i++;
            name = arena_printf(p->a, "%s^%s", name,
                                expr_show(p->a, p_group_arg(p), 1));
        } else if (*name && t->type == T_SYM && (t->space || t->word)) {
            name = arena_printf(p->a, "%s%s%s", name, t->word ? "" : " ", t->s);
            p->i++;
        } else if (*name && t->type == T_SYM && name[strlen(name) - 1] == '/') {
            name = arena_printf(p->a, "%s%s", name, t->s);
            p->i++;
        } else {
            break;
        }
    }
    static const char *const numbers[][2] = {{"thousand", "1000"},
                                             {"million", "1000000"},
                                             {"billion", "1000000000"}};
    for (size_t k = 0; k < 3; k++) {
        size_t n = strlen(numbers[k][0]);
        if (strncmp(name, numbers[k][0], n) || (name[n] && name[n] != ' '))
            continue;
        e = two(p, E_MUL, e, named(p, E_NUM, numbers[k][1]));
        name += n + (name[n] == ' ');
    }
    if (!*name)
        return e;
    static const char yes[] =
        "is correct|is right|is the answer|is the final answer|"
        "is the correct answer";
    if (text_in(text_of(name, strlen(name)), yes))
        return e;
    const char *set = e->kind == E_SYM || !strncmp(name, "is ", 3) ||
                              !strncmp(name, "are ", 4)
                          ? p_number_set(name)
                          : NULL;
    if (set) {
        struct expr *r = two(p, E_REL, e, named(p, E_SYM, set));
        r->name = "i";
        return r;
    }
    if (e->kind == E_SYM && !strncmp(name, "is ", 3))
        name += 3; /* "n is even" */
    if (hedges(name))
        return p_bad(p, "words that are no unit");
    struct expr *u = one(p, E_UNIT, e);
    u->name = name;
    return u;
}

/* "\$5", "\$5 per hour", "\$-5": the sign is the unit of what follows. */
static struct expr *money(struct parser *p)
{
    const char *sign = p->v[p->i++].s;
    int minus = take_ch(p, '-');
    struct expr *e = p_term(p);

    if (p->why)
        return p->dummy;
    if (e->kind != E_UNIT) {
        e = one(p, E_UNIT, e);
        e->name = sign;
    } else {
        e->name = arena_printf(p->a, "%s %s", sign, e->name);
    }
    return minus ? neg(p, e) : e;
}

struct expr *p_term(struct parser *p)
{
    struct vec w = {0};
    int twice = 0; /* "5/4 (1.25)": perhaps no product */

    if (peek(p)->type == T_CUR) {
        if (p->depth++ > MAX_DEPTH)
            return p_bad(p, "too deep");
        struct expr *e = money(p);
        p->depth--;
        return e;
    }
    push(p, &w, p_factor(p));
    while (!p->why) {
        struct expr *m;
        if (w.n == 1 && (m = mixed(p, w.v[0]))) {
            w.v[0] = m;
        } else if (take_ch(p, '*')) {
            int minus = take_ch(p, '-');
            struct expr *f = p_factor(p);
            push(p, &w, minus ? neg(p, f) : f);
        } else if (take_cmd(p, "bmod")) {
            struct expr *x = w.n == 1 ? w.v[0] : p_items(p, E_MUL, w.v, w.n);
            w = (struct vec){0};
            push(p, &w, two(p, E_FN, x, p_factor(p)));
            w.v[0]->name = "mod";
        } else if (take_ch(p, '/')) {
            int minus = take_ch(p, '-');
            struct expr *d = p_factor(p);
            push(p, &w,
                 two(p, E_POW, minus ? neg(p, d) : d, named(p, E_NUM, "-1")));
        } else if (peek(p)->type == T_TEXT || peek(p)->type == T_CUR) {
            struct expr *v = w.n == 1 ? w.v[0] : p_items(p, E_MUL, w.v, w.n);
            struct expr *u = unit(p, v);
            if (u->kind == E_UNIT && peek(p)->type == T_NUM && !p->why)
                return two(p, E_ADD, u, p_term(p)); /* 5 ft 7 in */
            w = (struct vec){0};
            push(p, &w, u);
        } else if (begins(p)) {
            /* two numbers side by side are not a product */
            if (peek(p)->type == T_NUM && p->v[p->i - 1].type == T_NUM)
                return p_bad(p, "two numbers side by side");
            int remark = p_is_ch(p, '(') && peek(p)->space;
            push(p, &w, p_factor(p));
            const struct expr *last = w.v[w.n - 1];
            twice = remark && (last->kind == E_NUM || int_frac(last) ||
                               last->kind == E_PERCENT);
        } else {
            break;
        }
    }
    if (w.n == 1)
        return w.v[0];
    struct expr *e = p_items(p, E_MUL, w.v, w.n);
    e->name = twice ? "twice" : "";
    return e;
}
