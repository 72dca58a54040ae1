/* impl - what reader, writer and fields of a record share
 *
 * Internal to lib/record.
 */
#ifndef ULP_RECORD_IMPL_H
#define ULP_RECORD_IMPL_H
#include <string.h>
#include "rec.h"
#include "value.h"

struct field {
    const char *key;
    size_t n_key;
    msgpack_object val;
    const char *raw; /* the bytes as they were read; NULL once it was set */
    size_t n_raw;
    int finite; /* as it was read: it holds no NaN or Inf; 0: not known */
};

/* A field's name as messages begin with it: its first 99 bytes. */
struct field_name {
    char s[100];
};

/* For every field of every record, so that it is no snprintf. */
static inline struct field_name field_name(const struct field *f)
{
    struct field_name name;
    size_t n = f->n_key < sizeof name.s ? f->n_key : sizeof name.s - 1;

    memcpy(name.s, f->key, n);
    name.s[n] = 0;
    return name;
}

/* A value that was read and is known to hold finite numbers alone. */
static inline int field_is_finite(const struct field *f)
{
    return f->raw && f->finite;
}

struct rec {
    struct arena *a;
    msgpack_zone zone; /* what msgpack-c built */
    struct field *f;
    size_t n, cap;
    const char *name; /* of the input; NULL for a record of one's own */
    uint64_t number;
    char *own; /* bytes of a copy */
};

/* *r without fields. rec_empty drops the fields and keeps the memory; rec_drop
 * frees all, and accepts a zeroed record. */
void rec_init(struct rec *r);
void rec_drop(struct rec *r);
void rec_empty(struct rec *r);
/* A new last field without a value, lent until the next call. key is borrowed
 * as long as the field is there. */
struct field *rec_add_field(struct rec *r, const char *key, size_t n_key);
/* One line of JSON, an object; name and line stand in messages. */
int row_parse(struct rec *r, const char *text, size_t n, const char *name,
              uint64_t line, struct err *e) MUST_CHECK;
/* Bytes of a path's first name. A dot within parentheses is part of it:
 * "len(a.b).mean" is mean in "len(a.b)". */
size_t rec_path_name(const char *path);
/* A field's or inner value, or NULL. */
const msgpack_object *rec_find(const struct rec *r, const char *path);

/* msgpack_packer's write function, with a struct buf behind it */
int buf_packer_write(void *b, const char *p, size_t n);

/* made_by of the first header: n entries, their bytes. */
const char *rec_made_by_of(const struct rec_reader *r, uint32_t *n,
                           size_t *n_bytes);
/* As rec_header, after n entries that made_by has already; tool NULL: and no
 * more. */
int rec_header_after(struct rec_writer *w, const char *kind, const char *tool,
                     const char *made_by, size_t n_bytes, uint32_t n,
                     struct err *e) MUST_CHECK;

#endif
