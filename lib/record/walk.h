/* walk - look at a record without knowing its fields
 *
 * rec_walk calls leaf for each value that is not a map, with its dotted path;
 * an empty map is a leaf. Values are lent as the record's are.
 */
#ifndef ULP_RECORD_WALK_H
#define ULP_RECORD_WALK_H
#include "rec.h"

struct rec_value;

/* The types of msgpack; of integers signed and unsigned are one. */
enum rec_type {
    REC_NIL,
    REC_BOOL,
    REC_INT,
    REC_F32,
    REC_F64,
    REC_STR,
    REC_BIN,
    REC_ARRAY,
    REC_MAP
};

/* In the order of the fields; path and v are lent for the call of leaf. */
void rec_walk(struct rec *r,
              void (*leaf)(void *ctx, const char *path,
                           const struct rec_value *v),
              void *ctx);
/* The value at a dotted path, or NULL. */
const struct rec_value *rec_value(struct rec *r, const char *path);

/* What is none of these is REC_NIL. */
enum rec_type rec_value_type(const struct rec_value *v);
const char *rec_type_name(enum rec_type t); /* "float32", ... */
/* Elements of an array, pairs of a map, bytes of a str or bin; else 0. */
size_t rec_value_n(const struct rec_value *v);
const struct rec_value *rec_value_at(const struct rec_value *v, size_t i);
/* Of an int or float; 0 or 1 of a bool; NaN of anything else. */
double rec_value_f64(const struct rec_value *v);
/* The same, exact for all integers. */
long double rec_value_number(const struct rec_value *v);
/* 1 and the path, when text is len(PATH): a length is asked for. */
int rec_len_path(const char *text, char *path, size_t cap);
/* Of a str: rec_value_n bytes, no NUL behind them. */
const char *rec_value_str(const struct rec_value *v);
/* As JSON text, in the record's arena. */
const char *rec_value_json(struct rec *r, const struct rec_value *v);

#endif
