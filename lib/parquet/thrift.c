/* thrift - Thrift's compact protocol, read from memory */
#include "thrift.h"

enum { MAX_DEPTH = 64 };

static void fault(struct thrift *t, enum thrift_fault what)
{
    if (!t->fault)
        t->fault = what;
    t->p = t->end;
}

static unsigned byte(struct thrift *t)
{
    if (t->p < t->end)
        return *t->p++;
    fault(t, THRIFT_SHORT);
    return 0;
}

uint64_t thrift_varint(struct thrift *t)
{
    uint64_t v = 0;

    for (int shift = 0; shift < 64; shift += 7) {
        unsigned b = byte(t);

        v |= (uint64_t)(b & 0x7f) << shift;
        if (!(b & 0x80))
            return v;
    }
    fault(t, THRIFT_BAD);
    return 0;
}

int64_t thrift_zigzag(struct thrift *t)
{
    uint64_t v = thrift_varint(t);

    return (int64_t)(v >> 1 ^ (0 - (v & 1)));
}

int thrift_field(struct thrift *t, struct thrift_field *f)
{
    unsigned b = t->fault ? 0 : byte(t);

    f->type = (int)(b & 0x0f);
    if (t->fault || f->type == T_STOP)
        return 0;
    if (f->type > T_STRUCT) {
        fault(t, THRIFT_BAD);
        return 0;
    }
    if (b >> 4) {
        f->id += (int)(b >> 4);
    } else {
        int64_t id = thrift_zigzag(t);

        f->id = id < 0 || id > 0x7fff ? 0x7fff : (int)id;
    }
    return !t->fault;
}

int64_t thrift_int(struct thrift *t, const struct thrift_field *f)
{
    if (f->type == T_I8)
        return (int8_t)byte(t);
    if (f->type >= T_I16 && f->type <= T_I64)
        return thrift_zigzag(t);
    thrift_skip(t, f);
    return 0;
}

int thrift_bool(struct thrift *t, const struct thrift_field *f)
{
    if (f->type != T_TRUE && f->type != T_FALSE)
        thrift_skip(t, f);
    return f->type == T_TRUE;
}

/* n bytes; NULL after a fault. */
static const char *bytes(struct thrift *t, uint64_t n)
{
    const char *p = (const char *)t->p;

    if (n > (uint64_t)(t->end - t->p)) {
        fault(t, THRIFT_SHORT);
        return NULL;
    }
    t->p += n;
    return p;
}

const char *thrift_text(struct thrift *t, const struct thrift_field *f,
                        size_t *n)
{
    const char *p;
    uint64_t k;

    *n = 0;
    if (f->type != T_BINARY) {
        thrift_skip(t, f);
        return "";
    }
    k = thrift_varint(t);
    p = bytes(t, k);
    *n = p ? (size_t)k : 0;
    return p ? p : "";
}

/* A list's header: its length, bounded by the bytes left, since an element
 * takes one at least. */
static size_t list_header(struct thrift *t, int *type)
{
    unsigned b = byte(t);
    uint64_t n = b >> 4;

    *type = (int)(b & 0x0f);
    if (n == 15)
        n = thrift_varint(t);
    if (n <= (uint64_t)(t->end - t->p))
        return (size_t)n;
    fault(t, THRIFT_SHORT);
    return 0;
}

static void skip(struct thrift *t, int type, int in_list, int depth);

static void skip_map(struct thrift *t, int depth)
{
    uint64_t n = thrift_varint(t);
    unsigned types = n ? byte(t) : 0;

    while (n-- && !t->fault) {
        skip(t, (int)(types >> 4), 1, depth);
        skip(t, (int)(types & 0x0f), 1, depth);
    }
}

static void skip(struct thrift *t, int type, int in_list, int depth)
{
    struct thrift_field f = {0, 0};
    size_t n;

    if (depth > MAX_DEPTH) {
        fault(t, THRIFT_BAD);
        return;
    }
    switch (type) {
    case T_TRUE:
    case T_FALSE:
        if (in_list) /* a field's boolean is in its type */
            (void)byte(t);
        break;
    case T_I8:
        (void)byte(t);
        break;
    case T_I16:
    case T_I32:
    case T_I64:
        (void)thrift_varint(t);
        break;
    case T_DOUBLE:
        (void)bytes(t, 8);
        break;
    case T_BINARY:
        (void)bytes(t, thrift_varint(t));
        break;
    case T_LIST:
    case T_SET:
        for (n = list_header(t, &type); n && !t->fault; n--)
            skip(t, type, 1, depth + 1);
        break;
    case T_MAP:
        skip_map(t, depth + 1);
        break;
    case T_STRUCT:
        while (thrift_field(t, &f))
            skip(t, f.type, 0, depth + 1);
        break;
    default:
        fault(t, THRIFT_BAD);
    }
}

void thrift_skip(struct thrift *t, const struct thrift_field *f)
{
    skip(t, f->type, 0, 0);
}

size_t thrift_list(struct thrift *t, const struct thrift_field *f, int type)
{
    int found = 0;
    size_t n;

    if (f->type != T_LIST) {
        thrift_skip(t, f);
        return 0;
    }
    n = list_header(t, &found);
    if (found == type || !n)
        return n;
    fault(t, THRIFT_BAD);
    return 0;
}

int thrift_struct(struct thrift *t, const struct thrift_field *f)
{
    if (f->type == T_STRUCT)
        return 1;
    thrift_skip(t, f);
    return 0;
}
