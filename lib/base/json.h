/* json - strict RFC 8259 files through jansson
 *
 * UTF-8 is checked, duplicate keys are refused, trailing bytes are refused,
 * depth is bounded. Messages carry file, line and column. The json_t is the
 * caller's, to json_decref.
 */
#ifndef ULP_BASE_JSON_H
#define ULP_BASE_JSON_H
#include <jansson.h>
#include <stddef.h>
#include "err.h"

/* From now on jansson allocates with xmalloc. */
void json_use_xmalloc(void);

/* A whole file, *out to be freed by json_decref; on error it is NULL, and e names
 * the file. */
int json_read_file(json_t **out, const char *path, struct err *e) MUST_CHECK;
/* name stands for the source in messages; the text need not end in NUL. */
int json_read_text(json_t **out, const char *text, size_t n, const char *name,
                   struct err *e) MUST_CHECK;
/* Sorted keys, 2-space indent, newline at the end, atomic. */
int json_write_file(const json_t *j, const char *path,
                    struct err *e) MUST_CHECK;

/* Typed members of an object. With required = 0 a missing (or null) key
 * leaves *out as it is and returns 0; a present key of the wrong type is
 * always an error that names `where` and the key. */
int json_get_i64(const json_t *o, const char *where, const char *key,
                 int required, int64_t *out, struct err *e) MUST_CHECK;
int json_get_f64(const json_t *o, const char *where, const char *key,
                 int required, double *out, struct err *e) MUST_CHECK;
int json_get_bool(const json_t *o, const char *where, const char *key,
                  int required, int *out, struct err *e) MUST_CHECK;
/* Borrowed from o. */
int json_get_str(const json_t *o, const char *where, const char *key,
                 int required, const char **out, struct err *e) MUST_CHECK;

#endif
