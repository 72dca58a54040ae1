/* parse_block - environments (matrices, cases, systems), sums and products,
 * integrals, determinants (parse.c has the grammar)
 *
 * A sum or product between whole numbers is written out, a determinant is
 * expanded, so that nobody else needs to know them.
 */
#include "parse_impl.h"

enum { MAX_TERMS = 2000, MAX_NODES = 40000, MAX_DET = 5 };

static struct expr *cells(struct parser *p)
{
    struct vec w = {0};
    int rows = 0, cols = 0, col = 0;

    while (!p_is_cmd(p, "end") && !p->why) {
        push(p, &w, p->up->list(p));
        col++;
        if (take_ch(p, '&'))
            continue;
        if (!take_cmd(p, "\\") && !p_is_cmd(p, "end"))
            return p_bad(p, "a matrix does not end");
        if (rows && col != cols)
            return p_bad(p, "rows of different lengths");
        cols = col;
        col = 0;
        rows++;
    }
    struct expr *e = p_items(p, E_MATRIX, w.v, w.n);
    e->rows = rows;
    e->cols = cols;
    return e;
}

/* Rows "value & condition" are branches; other rows are a system. */
static struct expr *cases(struct parser *p)
{
    struct vec w = {0};
    int branches = 0;

    while (!p_is_cmd(p, "end") && !p->why) {
        struct expr *e = p->up->list(p);
        if (take_ch(p, '&')) {
            p->v[--p->i] = (struct tok){.type = T_SEP, .s = "with"};
            struct expr *c = p->up->list(p);
            e = e->kind == E_WITH || p->why ? e : p_with(p, e, c);
        }
        if (!p->why && !take_cmd(p, "\\") && !p_is_cmd(p, "end"))
            return p_bad(p, "a case does not end");
        branches += e->kind == E_WITH;
        push(p, &w, e);
    }
    if (w.n == 1)
        return w.v[0];
    return p_items(p, branches == w.n && w.n ? E_PIECES : E_LIST, w.v, w.n);
}

struct expr *p_environment(struct parser *p)
{
    static const char grids[] =
        "matrix|pmatrix|bmatrix|Bmatrix|vmatrix|Vmatrix|smallmatrix|array|"
        "pmatrix*|bmatrix*";
    static const char branches[] = "cases|dcases|rcases|cases*";
    const char *env = p->v[p->i].s;
    int saved = p->in_matrix;
    struct expr *e;

    if (p->v[p->i].type != T_TEXT)
        return p_bad(p, "an environment without a name");
    p->i++;
    if (p->depth++ > MAX_DEPTH)
        return p_bad(p, "too deep");
    p->in_matrix = 1;
    if ((!strcmp(env, "array") || !strcmp(env, "cases")) && p_is_ch(p, '{') &&
        p->v[p->i + 1].type == T_SYM &&
        strchr("lcr", p->v[p->i + 1].s[0])) { /* {c|cc} */
        while (p->v[p->i].type != T_END && !p_is_ch(p, '}'))
            p->i++;
        p->i += p_is_ch(p, '}') ? 1 : 0;
    }
    if (text_in(text_of(env, strlen(env)), grids)) {
        e = cells(p);
    } else if (text_in(text_of(env, strlen(env)), branches)) {
        e = cases(p);
    } else {
        p->in_matrix = 0;
        e = p->up->list(p);
    }
    p->in_matrix = saved;
    p->depth--;
    if (p->why)
        return p->dummy;
    if (!p_is_cmd(p, "end"))
        return p_bad(p, "an environment does not end");
    p->i += 2;
    return !strcmp(env, "vmatrix") ? p_determinant(p, e) : e;
}

/* ---- determinants ------------------------------------------------------ */

/* By the first row, over the columns that are not in used. */
static struct expr *laplace(struct parser *p, const struct expr *m, int row,
                            unsigned used)
{
    struct vec w = {0};
    int sign = 0;

    if (row == m->rows)
        return named(p, E_NUM, "1");
    for (int c = 0; c < m->cols; c++) {
        if (used >> c & 1)
            continue;
        struct expr *t = two(p, E_MUL, m->a[row * m->cols + c],
                             laplace(p, m, row + 1, used | 1u << c));
        push(p, &w, sign ? neg(p, t) : t);
        sign ^= 1;
    }
    return p_items(p, E_ADD, w.v, w.n);
}

struct expr *p_determinant(struct parser *p, struct expr *m)
{
    if (m->kind != E_MATRIX || m->rows != m->cols || m->rows < 1)
        return p_bad(p, "a determinant that is not square");
    if (m->rows > MAX_DET)
        return fn(p, "det", m);
    return laplace(p, m, 0, 0);
}

/* ---- sums, products, integrals ----------------------------------------- */

static long nodes(const struct expr *e)
{
    long n = 1;
    for (int i = 0; i < e->n; i++)
        n += nodes(e->a[i]);
    return n;
}

/* The sum over k = lo .. hi written out, or NULL. */
static struct expr *written_out(struct parser *p, const struct expr *e)
{
    const struct expr *from = e->a[0];
    struct vec w = {0};
    long lo, hi, size = nodes(e->a[2]);

    if ((strcmp(e->name, "sum") && strcmp(e->name, "prod")) ||
        from->kind != E_REL || from->n != 2 || from->name[0] != '=' ||
        !p_whole(from->a[1], &lo) || !p_whole(e->a[1], &hi) ||
        hi - lo >= MAX_TERMS || (hi - lo + 1) * size > MAX_NODES)
        return NULL;
    for (long k = lo; k <= hi; k++)
        push(p, &w,
             expr_subst(p->a, e->a[2], from->a[0]->name, expr_num(p->a, k)));
    if (w.n == 0)
        return named(p, E_NUM, e->name[0] == 's' ? "0" : "1");
    return p_items(p, e->name[0] == 's' ? E_ADD : E_MUL, w.v, w.n);
}

/* The "d" of "dx" at this depth, or 0. */
static size_t differential(struct parser *p)
{
    int depth = 0;

    for (size_t i = p->i; p->v[i].type != T_END && depth >= 0; i++) {
        const struct tok *t = &p->v[i];
        depth += t->type == T_CH && strchr("({[", t->ch);
        depth -= t->type == T_CH && strchr(")}]", t->ch);
        if (!depth && t->type == T_SYM && !strcmp(t->s, "d") &&
            t[1].type == T_SYM)
            return i;
    }
    return 0;
}

/* "f(x) dx", of a definite integral with its variable called "(x)"; NULL
 * where there is no dx. */
static struct expr *integrand(struct parser *p, int definite)
{
    size_t d = differential(p);

    if (!d)
        return NULL;
    struct tok saved = p->v[d];
    const char *name = p->v[d + 1].s;
    p->v[d] = (struct tok){.type = T_END};
    struct expr *e = p->i < d ? p->up->sum(p) : named(p, E_NUM, "1");
    int all = p->i == d;
    p->v[d] = saved;
    p->i = d + 2;
    if (p->why || !all)
        return p_bad(p, "an integral that cannot be read");
    struct expr *x = named(p, E_SYM, definite ? "(x)" : name);
    if (definite)
        return expr_subst(p->a, e, name, x);
    e = two(p, E_SEQ, e, x);
    e->lb = '(';
    e->rb = ')';
    return e;
}

/* In "_{i=1}" and all that follows i is no imaginary unit. */
static void imaginary_index(struct parser *p)
{
    struct tok *t = peek(p) + 2;

    if (!p_is_ch(p, '_') || t[-1].type != T_CH || t[-1].ch != '{' ||
        t->type != T_CONST || strcmp(t->s, "i"))
        return;
    for (; t->type != T_END; t++)
        if (t->type == T_CONST && !strcmp(t->s, "i"))
            t->type = T_SYM;
}

struct expr *p_operator(struct parser *p, const char *name)
{
    struct expr *e = expr_new(p->a, E_FN, 3), *f;

    e->name = name;
    e->a[0] = e->a[1] = named(p, E_TEXT, "");
    imaginary_index(p);
    for (int k = 0; k < 2 && !p->why; k++) {
        int sub = p_is_ch(p, '_');
        if (!sub && !p_is_ch(p, '^'))
            break;
        p->i++;
        if (sub && p_is_ch(p, '{')) {
            p->i++;
            e->a[0] = p->up->list(p);
            if (!p_is_ch(p, '}'))
                return p_bad(p, "a limit does not close");
            p->i++;
        } else {
            e->a[!sub] = p_group_arg(p);
        }
    }
    if (!strcmp(name, "int") &&
        (e->a[2] = integrand(p, e->a[0]->kind != E_TEXT &&
                                    e->a[1]->kind != E_TEXT)))
        return e;
    if (p->why)
        return p->dummy;
    e->a[2] = p->up->term(p);
    if (p->why)
        return p->dummy;
    if ((f = written_out(p, e)))
        return f;
    /* the index is nobody's variable: its name does not count */
    if (e->a[0]->kind == E_REL && e->a[0]->a[0]->kind == E_SYM) {
        const char *index = e->a[0]->a[0]->name;
        struct expr *k = named(p, E_SYM, "(k)");
        e->a[0] = expr_subst(p->a, e->a[0], index, k);
        e->a[2] = expr_subst(p->a, e->a[2], index, k);
    }
    return e;
}
