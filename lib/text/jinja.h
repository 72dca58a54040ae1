/* jinja - a chat template rendered as transformers does, by Python's jinja2
 *
 * A template is a program that came with a model. It runs in a process of its
 * own (jinja_helper.py), in jinja2's sandbox, not as root, with a bounded
 * address space, an empty environment, no way to open a file or a socket, and
 * a bound on the text it makes; a rendering that takes longer than limit_ms
 * ends with the process.
 * One process serves all renderings; after such an end the next starts
 * another.
 */
#ifndef ULP_TEXT_JINJA_H
#define ULP_TEXT_JINJA_H
#include <jansson.h>
#include <stddef.h>
#include "../base/err.h"

struct jinja;

struct jinja_opts {
    const char *text;        /* the template */
    const char *where;       /* its home, for messages */
    const char *date;        /* what strftime_now formats: "2024-07-26" */
    const json_t *variables; /* an object: bos_token, enable_thinking, ... */
    const char *python;      /* NULL: /usr/bin/python3, then python3 of PATH */
    int limit_ms;            /* of one rendering, wall clock */
    size_t mem_bytes;        /* address space of the process */
    size_t max_bytes;        /* of one rendered text */
};
#define JINJA_LIMIT_MS 10000
#define JINJA_MEM_BYTES ((size_t)1 << 29)
#define JINJA_MAX_BYTES ((size_t)16 << 20)

/* Starts the process and has it compile the template: a wrong template is an
 * ERR_DATA error here, python3 or jinja2 that is missing an ERR_IO error. What
 * o names is copied. */
int jinja_open(struct jinja **j, const struct jinja_opts *o,
               struct err *e) MUST_CHECK;
void jinja_close(struct jinja **j);
/* more: an object with messages and add_generation_prompt. The text, which may
 * hold NULs, lasts until the next call. ERR_DATA: what the template raised, or
 * that it passed a limit. */
int jinja_render(struct jinja *j, const json_t *more, const char **text,
                 size_t *n, struct err *e) MUST_CHECK;

extern const char jinja_script[]; /* jinja_helper.py */

#endif
