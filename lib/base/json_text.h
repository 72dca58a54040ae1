/* json_text - pieces of JSON text: numbers, strings, whole values
 *
 * Numbers are the shortest decimal that reads back to the same bits, always
 * with a point or an exponent so that a float stays a float.
 */
#ifndef ULP_BASE_JSON_TEXT_H
#define ULP_BASE_JSON_TEXT_H
#include <jansson.h>
#include <stddef.h>
#include "buf.h"

/* NaN and Inf, which JSON does not have, come out as nan, inf, -inf. */
void json_f64(char out[32], double v);
void json_f32(char out[32], float v);
/* s in quotes; n bytes of UTF-8, NUL allowed. */
void json_quote(struct buf *b, const char *s, size_t n);
/* As json_write_file, without the last newline. */
void json_pretty(struct buf *b, const json_t *j);

#endif
