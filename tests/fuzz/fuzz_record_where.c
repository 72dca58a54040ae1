/* fuzz_record_where - conditions of any text on a record, under libFuzzer
 *
 * Beside crashes it looks for broken promises: a condition that is refused is
 * misuse and says at which column; the same condition and record give the same
 * answer; `not (C)` answers the opposite; a record that cannot be tested is bad
 * data and named. The text up to the first NUL is the condition, the rest a
 * row, or a row of its own where there is none.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "../../lib/base/arena.h"
#include "../../lib/record/select.h"
#include "../../lib/record/where.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char plain_row[] =
    "{\"a\":1,\"b\":-2.5,\"s\":\"x\\ty\",\"t\":true,\"n\":null,\"v\":[1,2,3],"
    "\"m\":{\"k\":7,\"and\":\"q\"},\"big\":18446744073709551615}\n";

static void must(int ok, const char *what)
{
    if (!ok) {
        fprintf(stderr, "fuzz_record_where: %s\n", what);
        abort();
    }
}

/* 0 or 1, or -1: the record cannot be tested. */
static int ask(const char *text, struct rec *r)
{
    struct err e = {0};
    struct where *w;
    int first, again;

    if (where_open(&w, text, &e)) {
        must(e.code == ERR_USAGE && !strncmp(e.msg, "--where: ", 9), e.msg);
        must(!w, "a condition that was refused");
        return -2;
    }
    first = where_test(w, r, &e);
    must(first >= 0 ? first <= 1
                    : e.code == ERR_DATA && strstr(e.msg, ": record 1: "),
         e.msg);
    again = where_test(w, r, &e);
    must(first == again, "another answer the second time");
    if (where_unknown(w))
        must(*where_unknown(w) != 0, "a field without a name");
    where_close(&w);
    return first < 0 ? -1 : first;
}

static int nothing(void *ctx, struct rec *rec, struct err *e)
{
    (void)ctx;
    (void)rec;
    (void)e;
    return 0;
}

/* The text as a sort key. */
static void order_by(const char *text, struct rec *r)
{
    struct select_opts o = {.sort = text, .top = 2};
    struct err e = {0};
    struct select *s;
    int x = select_open(&s, &o, &e);

    if (x)
        return;
    for (int i = 0; i < 3 && x >= 0; i++)
        x = select_add(s, r, &e);
    if (x >= 0)
        x = select_end(s, nothing, NULL, &e);
    must(x >= 0 || e.code == ERR_DATA, e.msg);
    select_close(&s);
}

static void try(const char *text, const char *row, size_t n)
{
    struct rec_reader *in;
    struct err e = {0};
    struct rec *r;
    char path[32];
    int fd = memfd_create("row", 0);

    must(fd >= 0 && write(fd, row, n) == (ssize_t)n, "memfd");
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    must(!rec_open(&in, path, &e), e.msg);
    if (rec_read(in, &r, &e) > 0) {
        char *negated = xmalloc(strlen(text) + 8);
        int was = ask(text, r), opposite;

        sprintf(negated, "not (%s\n)", text);
        opposite = ask(negated, r);
        if (was >= 0 && opposite != -2)
            must(opposite == !was, "not (C) is no opposite");
        free(negated);
        order_by(text, r);
    }
    rec_close(&in);
    close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *end = memchr(data, 0, size);
    size_t n = end ? (size_t)(end - data) : size;
    char *text = xmalloc(n + 1);

    if (n)
        memcpy(text, data, n);
    text[n] = 0;
    if (end)
        try(text, (const char *)end + 1, size - n - 1);
    else
        try(text, plain_row, sizeof plain_row - 1);
    free(text);
    return 0;
}
