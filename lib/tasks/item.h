/* item - one row of an upstream file: JSON whose numbers keep their text
 *
 * A double holds neither 9007199254740993 nor the difference between 0.1 and
 * 0.10, and an answer is text. So a number in `json` is an integer that says
 * where in `text` the number stands as its source wrote it.
 */
#ifndef ULP_TASKS_ITEM_H
#define ULP_TASKS_ITEM_H
#include <jansson.h>
#include "../base/buf.h"
#include "../base/err.h"

struct item {
    json_t *json;
    struct buf text; /* the numbers, each with a NUL behind it */
};

/* Parses n bytes of JSON; name stands for them in messages. What the item held
 * is dropped. */
int item_read(struct item *it, const char *text, size_t n, const char *name,
              struct err *e) MUST_CHECK;
/* Drops what the item holds. */
void item_clear(struct item *it);
void item_free(struct item *it);
/* The text of a number of this item, NULL for any other value; lent until the
 * item changes. */
const char *item_number_text(const struct item *it, const json_t *v);
/* Compact JSON of a value made of parts of this item, at the end of b. */
int item_write(const struct item *it, const json_t *v, struct buf *b,
               struct err *e) MUST_CHECK;

#endif
