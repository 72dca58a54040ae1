/* schema - the columns of a Parquet file, as a tree */
#include "schema.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "../base/arena.h"

/* Of parquet.thrift: ConvertedType, then the fields of LogicalType. */
enum {
    C_UTF8,
    C_MAP,
    C_MAP_KEY_VALUE,
    C_LIST,
    C_ENUM,
    C_DECIMAL,
    C_DATE,
    C_TIME_MILLIS,
    C_TIME_MICROS,
    C_TIMESTAMP_MILLIS,
    C_TIMESTAMP_MICROS,
    C_UINT_8,
    C_UINT_64 = 14,
    C_INT_8,
    C_INT_64 = 18,
    C_JSON,
    C_BSON,
    C_INTERVAL
};
enum {
    L_STRING = 1,
    L_MAP,
    L_LIST,
    L_ENUM,
    L_DECIMAL,
    L_DATE,
    L_TIME,
    L_TIMESTAMP,
    L_INTEGER = 10,
    L_UNKNOWN,
    L_JSON,
    L_BSON,
    L_UUID,
    L_FLOAT16,
    L_VARIANT,
    L_GEOMETRY,
    L_GEOGRAPHY
};

struct element {
    int type, width, repetition, n_children, converted, logical, scale;
    int is_signed;
    int has_type;
    const char *name;
    size_t n_name;
};

static void read_logical(struct element *x, struct thrift *t)
{
    struct thrift_field f = {0, 0}, in;

    while (thrift_field(t, &f)) {
        if (!thrift_struct(t, &f))
            continue;
        x->logical = f.id;
        in = (struct thrift_field){0, 0};
        while (thrift_field(t, &in)) {
            if (x->logical == L_DECIMAL && in.id == 1)
                x->scale = (int)thrift_int(t, &in);
            else if (x->logical == L_INTEGER && in.id == 2)
                x->is_signed = thrift_bool(t, &in);
            else
                thrift_skip(t, &in);
        }
    }
}

static void read_element(struct element *x, struct thrift *t)
{
    struct thrift_field f = {0, 0};

    *x = (struct element){.converted = -1, .is_signed = 1};
    while (thrift_field(t, &f))
        switch (f.id) {
        case 1:
            x->has_type = 1;
            x->type = (int)thrift_int(t, &f);
            break;
        case 2:
            x->width = (int)thrift_int(t, &f);
            break;
        case 3:
            x->repetition = (int)thrift_int(t, &f);
            break;
        case 4:
            x->name = thrift_text(t, &f, &x->n_name);
            break;
        case 5:
            x->n_children = (int)thrift_int(t, &f);
            break;
        case 6:
            x->converted = (int)thrift_int(t, &f);
            break;
        case 7:
            x->scale = (int)thrift_int(t, &f);
            break;
        case 10:
            if (thrift_struct(t, &f))
                read_logical(x, t);
            break;
        default:
            thrift_skip(t, &f);
        }
}

static enum kind group_kind(const struct element *x)
{
    if (x->logical == L_LIST || (!x->logical && x->converted == C_LIST))
        return KIND_LIST;
    if (x->logical == L_MAP || (!x->logical && x->converted == C_MAP))
        return KIND_MAP;
    /* older writers mark the map itself so, or the entries in it */
    if (!x->logical && x->converted == C_MAP_KEY_VALUE &&
        x->repetition != REPEATED)
        return KIND_MAP;
    return KIND_STRUCT;
}

/* A logical type that is not read, by name; NULL for those that are. */
static const char *unread_type(const struct element *x)
{
    static const char *const logical[] = {
        [L_DATE] = "DATE",           [L_TIME] = "TIME",
        [L_TIMESTAMP] = "TIMESTAMP", [9] = "INTERVAL",
        [L_BSON] = "BSON",           [L_UUID] = "UUID",
        [L_FLOAT16] = "FLOAT16",     [L_VARIANT] = "VARIANT",
        [L_GEOMETRY] = "GEOMETRY",   [L_GEOGRAPHY] = "GEOGRAPHY"};
    static const char *const converted[] = {[C_DATE] = "DATE",
                                            [C_TIME_MILLIS] = "TIME",
                                            [C_TIME_MICROS] = "TIME",
                                            [C_TIMESTAMP_MILLIS] = "TIMESTAMP",
                                            [C_TIMESTAMP_MICROS] = "TIMESTAMP",
                                            [C_BSON] = "BSON",
                                            [C_INTERVAL] = "INTERVAL"};

    if (x->logical > L_GEOGRAPHY || x->logical < 0)
        return "a logical type that is not known";
    if (x->logical)
        return logical[x->logical];
    if (x->converted > C_INTERVAL)
        return "a converted type that is not known";
    return x->converted >= 0 ? converted[x->converted] : NULL;
}

static int is_unsigned(const struct element *x)
{
    return x->logical == L_INTEGER ? !x->is_signed
                                   : !x->logical && x->converted >= C_UINT_8 &&
                                         x->converted <= C_UINT_64;
}

static int is_json(const struct element *x)
{
    return x->logical == L_JSON || (!x->logical && x->converted == C_JSON);
}

static int is_decimal(const struct element *x)
{
    return x->logical == L_DECIMAL ||
           (!x->logical && x->converted == C_DECIMAL);
}

static void leaf_kind(struct node *v, const struct element *x)
{
    v->kind = KIND_UNREAD;
    v->unread = unread_type(x);
    if (v->unread)
        return;
    if (x->logical == L_UNKNOWN) {
        v->kind = KIND_NULL;
        return;
    }
    if (is_decimal(x)) {
        v->scale = x->scale;
        v->kind = KIND_DECIMAL;
        if (v->physical == P_FLOAT || v->physical == P_DOUBLE ||
            v->physical == P_INT96 || v->physical == P_BOOLEAN ||
            x->scale < 0 || x->scale > 76) {
            v->kind = KIND_UNREAD;
            v->unread = "a DECIMAL that cannot be";
        }
        return;
    }
    switch (v->physical) {
    case P_BOOLEAN:
        v->kind = KIND_BOOL;
        break;
    case P_INT32:
    case P_INT64:
        v->kind = is_unsigned(x) ? KIND_UINT : KIND_INT;
        break;
    case P_FLOAT:
        v->kind = KIND_FLOAT;
        break;
    case P_DOUBLE:
        v->kind = KIND_DOUBLE;
        break;
    case P_BYTE_ARRAY:
        v->kind = is_json(x) ? KIND_JSON : KIND_TEXT;
        break;
    case P_INT96:
        v->unread = "INT96";
        break;
    default:
        v->unread = "FIXED_LEN_BYTE_ARRAY";
    }
}

/* Node i from its element; its parent's levels are known. */
static int place(struct schema *s, int i, int parent, const struct element *x,
                 const char *name, struct err *e)
{
    struct node *v = &s->node[i];

    v->name = memcpy(xcalloc(x->n_name + 1, 1), x->n_name ? x->name : "",
                     x->n_name);
    snprintf(v->path, sizeof v->path, "%.99s%s%.26s",
             parent > 0 ? s->node[parent].path : "", parent > 0 ? "." : "",
             v->name);
    v->parent = parent;
    v->n_children = x->n_children;
    if (x->repetition < REQUIRED || x->repetition > REPEATED)
        return err_set(e, ERR_DATA,
                       "%s: column '%s': repetition %d, "
                       "expected 0 to 2",
                       name, v->path, x->repetition);
    v->repetition = parent < 0 ? REQUIRED : (enum repetition)x->repetition;
    v->def = parent < 0 ? 0 : s->node[parent].def + (v->repetition > 0);
    v->rep = parent < 0 ? 0 : s->node[parent].rep + (v->repetition == REPEATED);
    if (x->n_children > 0 || !x->has_type) {
        v->kind = group_kind(x);
        v->unread = v->kind == KIND_STRUCT ? unread_type(x) : NULL;
        return 0;
    }
    if (x->type < 0 || x->type >= P_TYPES)
        return err_set(e, ERR_DATA,
                       "%s: column '%s': physical type %d is "
                       "not known",
                       name, v->path, x->type);
    v->physical = (enum physical)x->type;
    v->width = x->width;
    if (v->physical == P_FIXED && (v->width < 1 || v->width > 1 << 20))
        return err_set(e, ERR_DATA, "%s: column '%s': a width of %d bytes",
                       name, v->path, v->width);
    leaf_kind(v, x);
    return 0;
}

/* The subtree at node *at, which ends at *at again. */
static int read_tree(struct schema *s, struct thrift *t, int *at, int parent,
                     int depth, const char *name, struct err *e)
{
    struct element x;
    int i = (*at)++, r;

    if (i >= s->n || depth > SCHEMA_DEPTH)
        return err_set(e, ERR_DATA,
                       i >= s->n
                           ? "%s: damaged schema: fewer columns than it says"
                           : "%s: columns nested too deep",
                       name);
    read_element(&x, t);
    if (x.n_children < 0 || x.n_children > s->n)
        return err_set(e, ERR_DATA,
                       "%s: damaged schema: a group of %d "
                       "columns",
                       name, x.n_children);
    r = place(s, i, parent, &x, name, e);
    s->node[i].first_leaf = s->n_leaves;
    if (!r && s->node[i].kind > KIND_MAP)
        s->leaf[s->n_leaves++] = i;
    for (int k = 0; !r && k < x.n_children; k++)
        r = read_tree(s, t, at, i, depth + 1, name, e);
    s->node[i].n_leaves = s->n_leaves - s->node[i].first_leaf;
    s->node[i].next = *at;
    return r;
}

int schema_read(struct schema *s, struct thrift *t, size_t n, const char *name,
                struct err *e)
{
    int at = 0, r;

    if (n < 1 || n > SCHEMA_MAX)
        return err_set(e, ERR_DATA, "%s: %zu columns, expected 1 to %d", name,
                       n, SCHEMA_MAX);
    s->n = (int)n;
    s->node = xcalloc(n, sizeof *s->node);
    s->leaf = xcalloc(n, sizeof *s->leaf);
    r = read_tree(s, t, &at, -1, 0, name, e);
    if (!r && (at != s->n || t->fault))
        return err_set(e, ERR_DATA, "%s: damaged schema", name);
    return r;
}

void schema_free(struct schema *s)
{
    for (int i = 0; i < s->n; i++)
        free(s->node[i].name);
    free(s->node);
    free(s->leaf);
    *s = (struct schema){0};
}

static int is_wanted(const char *const *fields, const char *column)
{
    if (!fields)
        return 1;
    for (; *fields; fields++)
        if (!strcasecmp(*fields, column))
            return 1;
    return 0;
}

/* A group without columns below it has no levels to read. */
static const char *unreadable(const struct node *v)
{
    if (v->unread)
        return v->unread;
    if (v->kind <= KIND_MAP && !v->n_leaves)
        return "a group without columns";
    if ((v->kind == KIND_LIST || v->kind == KIND_MAP) &&
        (v->n_children != 1 || v[1].repetition != REPEATED))
        return v->kind == KIND_LIST ? "a LIST without elements"
                                    : "a MAP without entries";
    if (v->kind == KIND_MAP &&
        (v[1].n_children != 2 || v[2].kind != KIND_TEXT ||
         v[2].repetition != REQUIRED))
        return "a MAP whose keys are not text";
    return NULL;
}

int schema_select(struct schema *s, const char *const *fields, const char *name,
                  struct err *e)
{
    const char *why;
    int wanted = 0;

    for (int i = 1; i < s->n; i++) {
        struct node *v = &s->node[i];

        if (v->parent == 0)
            wanted = is_wanted(fields, v->name);
        v->wanted = wanted;
        why = wanted ? unreadable(v) : NULL;
        if (why)
            return err_set(e, ERR_DATA,
                           "%s: column '%s': is %s, which is "
                           "not read",
                           name, v->path, why);
    }
    return 0;
}
