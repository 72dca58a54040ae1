/* thrift - Thrift's compact protocol, read from memory
 *
 * The format: https://github.com/apache/thrift, doc/specs/
 * thrift-compact-protocol.md. A reader goes on after an error, giving zeros,
 * and says at the end that there was one: a caller checks t->fault once.
 */
#ifndef ULP_PARQUET_THRIFT_H
#define ULP_PARQUET_THRIFT_H
#include <stddef.h>
#include <stdint.h>

enum thrift_fault {
    THRIFT_OK,
    THRIFT_SHORT, /* the bytes end inside a value */
    THRIFT_BAD    /* no such type, a length that cannot be, too deep */
};

/* Where reading stands in borrowed bytes; the first fault stays. */
struct thrift {
    const uint8_t *p, *end;
    enum thrift_fault fault;
};

/* The types of a field, as the protocol numbers them; a boolean field's type
 * is its value. */
enum thrift_type {
    T_STOP,
    T_TRUE,
    T_FALSE,
    T_I8,
    T_I16,
    T_I32,
    T_I64,
    T_DOUBLE,
    T_BINARY,
    T_LIST,
    T_SET,
    T_MAP,
    T_STRUCT
};

/* A field of a struct; id starts at 0 and is carried from field to field. */
struct thrift_field {
    int id, type;
};

/* 1 and the next field of the struct, 0 at its end or after a fault. */
int thrift_field(struct thrift *t, struct thrift_field *f);
/* An integer of the field's type, zigzag; of another type, it is skipped and
 * 0 comes back. */
int64_t thrift_int(struct thrift *t, const struct thrift_field *f);
int thrift_bool(struct thrift *t, const struct thrift_field *f);
/* A view into the bytes; *n is 0 for a field of another type. */
const char *thrift_text(struct thrift *t, const struct thrift_field *f,
                        size_t *n);
/* Elements of a list of that type, whose values follow; 0 for a field of
 * another type, skipped. Never more than there are bytes left. */
size_t thrift_list(struct thrift *t, const struct thrift_field *f, int type);
/* 1 when the field is a struct, whose fields follow; else it is skipped. */
int thrift_struct(struct thrift *t, const struct thrift_field *f);
void thrift_skip(struct thrift *t, const struct thrift_field *f);
/* ULEB128, as in Parquet's own encodings as well. */
uint64_t thrift_varint(struct thrift *t);
int64_t thrift_zigzag(struct thrift *t);

#endif
