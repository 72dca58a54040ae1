/* fields - what fields a stream has: types, counts, ranges, lengths */
#ifndef ULP_RECORD_FIELDS_H
#define ULP_RECORD_FIELDS_H
#include "../base/buf.h"
#include "rec.h"

struct fields;

/* No fields yet; fields_close frees them. */
struct fields *fields_open(void);
void fields_close(struct fields **f); /* accepts NULL at *f */
/* Counts the fields of r; nothing of it is kept. */
void fields_add(struct fields *f, struct rec *r);
/* An aligned table, one line per field in the order of first sight: path,
 * type, records that have it, least, mean and greatest number (of an array:
 * of its elements), least, mean and greatest length (of an array: elements,
 * of a str: bytes). */
void fields_table(const struct fields *f, struct buf *b);

#endif
