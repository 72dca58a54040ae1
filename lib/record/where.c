/* where - is a condition met by a record? */
#include <float.h>
#include <string.h>
#include "walk.h"
#include "where_impl.h"

/* What an operand is in this record. */
struct operand {
    enum { NOTHING, NUMBER, STRING, OTHER } type;
    long double number;
    int f32; /* the number of a float32 field */
    const char *s;
    size_t n;
    const char *name; /* of the field, in messages */
    const char *what; /* "str" */
};

static void of_field(const struct where_node *x, struct rec *rec,
                     struct operand *o)
{
    const struct rec_value *v = rec_value(rec, x->s);
    enum rec_type t = v ? rec_value_type(v) : REC_NIL;

    o->name = x->s;
    o->what = rec_type_name(t);
    switch (t) {
    case REC_NIL:
        break;
    case REC_BOOL:
    case REC_INT:
    case REC_F32:
    case REC_F64:
        o->type = NUMBER;
        o->number = rec_value_number(v);
        o->f32 = t == REC_F32;
        break;
    case REC_STR:
        o->type = STRING;
        o->s = rec_value_str(v);
        o->n = rec_value_n(v);
        break;
    default:
        o->type = OTHER;
        break;
    }
}

static int of_length(const struct where_node *x, struct rec *rec,
                     struct operand *o, struct err *e)
{
    const struct rec_value *v = rec_value(rec, x->s);
    enum rec_type t = v ? rec_value_type(v) : REC_NIL;

    o->name = x->s;
    o->what = "a length";
    if (t == REC_NIL)
        return 0;
    if (t != REC_ARRAY && t != REC_MAP && t != REC_STR)
        return rec_bad(rec, e,
                       "%s: found %s, expected an array, a map or a "
                       "string",
                       x->s, rec_type_name(t));
    o->type = NUMBER;
    o->number = (long double)rec_value_n(v);
    return 0;
}

static int operand(const struct where *w, int i, struct rec *rec,
                   struct operand *o, struct err *e)
{
    const struct where_node *x = &w->node[i];

    *o = (struct operand){.type = NOTHING, .what = "null"};
    switch (x->op) {
    case W_NUMBER:
        o->type = NUMBER;
        o->number = x->number;
        o->what = "a number";
        return 0;
    case W_STRING:
        o->type = STRING;
        o->s = x->s;
        o->n = x->n;
        o->what = "a string";
        return 0;
    case W_FIELD:
        of_field(x, rec, o);
        return 0;
    case W_LEN:
        return of_length(x, rec, o, e);
    default:
        return 0;
    }
}

static int order_strings(const struct operand *a, const struct operand *b)
{
    size_t n = a->n < b->n ? a->n : b->n;
    int c = n ? memcmp(a->s, b->s, n) : 0;

    return c ? c : (a->n > b->n) - (a->n < b->n);
}

static int holds(enum where_op op, int less, int equal, int more)
{
    switch (op) {
    case W_EQ:
        return equal;
    case W_NE:
        return !equal;
    case W_LT:
        return less;
    case W_LE:
        return less || equal;
    case W_GT:
        return more;
    default:
        return more || equal;
    }
}

static int cannot(const struct operand *a, const struct operand *b,
                  struct rec *rec, struct err *e)
{
    const struct operand *f = a->name && a->type != NUMBER ? a
                              : b->name                    ? b
                                                           : a;
    const struct operand *other = f == a ? b : a;

    return rec_bad(rec, e, "%s: found %s, which cannot be compared with %s",
                   f->name ? f->name : "--where", f->what, other->what);
}

static void round_f32(long double *x)
{
    if (*x >= -(long double)FLT_MAX && *x <= (long double)FLT_MAX)
        *x = (long double)(float)*x;
}

static int compare(enum where_op op, struct operand *a, struct operand *b,
                   struct rec *rec, struct err *e)
{
    int c;

    if (a->type == NOTHING || b->type == NOTHING)
        return op == W_EQ   ? a->type == b->type
               : op == W_NE ? a->type != b->type
                            : 0;
    if (a->type == OTHER || b->type == OTHER)
        return cannot(a, b, rec, e);
    if (a->type != b->type)
        return op == W_EQ ? 0 : op == W_NE ? 1 : cannot(a, b, rec, e);
    if (a->type == STRING) {
        c = order_strings(a, b);
        return holds(op, c<0, c == 0, c> 0);
    }
    if (a->f32 && !b->name)
        round_f32(&b->number);
    if (b->f32 && !a->name)
        round_f32(&a->number);
    return holds(
        op, a->number<b->number, a->number == b->number, a->number> b->number);
}

static int test(const struct where *w, int i, struct rec *rec, struct err *e)
{
    const struct where_node *x = &w->node[i];
    struct operand a, b;
    int r;

    switch (x->op) {
    case W_OR:
    case W_AND:
        r = test(w, x->a, rec, e);
        return r < 0 || r == (x->op == W_OR) ? r : test(w, x->b, rec, e);
    case W_NOT:
        r = test(w, x->a, rec, e);
        return r < 0 ? r : !r;
    case W_NULL:
    case W_NUMBER:
    case W_STRING:
    case W_FIELD:
    case W_LEN:
        r = operand(w, i, rec, &a, e);
        if (!r && (a.type == STRING || a.type == OTHER))
            return rec_bad(rec, e,
                           "%s: found %s, expected a bool or a number "
                           "(or compare it)",
                           x->s, a.what);
        return r ? r : a.type == NUMBER && a.number != 0;
    default:
        if ((r = operand(w, x->a, rec, &a, e)) ||
            (r = operand(w, x->b, rec, &b, e)))
            return r;
        return compare(x->op, &a, &b, rec, e);
    }
}

int where_test(struct where *w, struct rec *rec, struct err *e)
{
    for (int i = 0; i < w->n; i++) {
        struct where_node *x = &w->node[i];

        if (!x->known && (x->op == W_FIELD || x->op == W_LEN))
            x->known = rec_value(rec, x->s) != NULL;
    }
    return test(w, w->root, rec, e);
}

const char *where_unknown(const struct where *w)
{
    for (int i = 0; i < w->n; i++)
        if (!w->node[i].known &&
            (w->node[i].op == W_FIELD || w->node[i].op == W_LEN))
            return w->node[i].s;
    return NULL;
}
