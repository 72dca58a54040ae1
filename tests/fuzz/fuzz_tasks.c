/* fuzz_tasks - upstream files of any bytes through every format
 *
 * The first byte chooses the format. Beside crashes it looks for broken
 * promises: an error is one of bad data and names its input; a row that
 * is kept has what a prompt row must have, and reads back as it was written.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "../../lib/tasks/check.h"
#include "../../lib/tasks/raw.h"
#include "../../lib/tasks/seen.h"
#include "../../lib/tasks/upstream.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int ok, const char *what)
{
    if (!ok) {
        fprintf(stderr, "fuzz_tasks: %s\n", what);
        abort();
    }
}

/* What is written is one line of JSON with the same values. */
static void write_and_read(const struct item *it, const json_t *row)
{
    struct buf b = {0}, again = {0};
    struct item copy = {0};
    struct err e = {0};

    must(!item_write(it, row, &b, &e), e.msg);
    must(!memchr(b.p, '\n', b.n), "a row is no line");
    must(!item_read(&copy, b.p, b.n, "copy", &e), e.msg);
    must(!item_write(&copy, copy.json, &again, &e), e.msg);
    must(b.n == again.n && !memcmp(b.p, again.p, b.n), "a copy differs");
    buf_free(&b);
    buf_free(&again);
    item_free(&copy);
}

static void use(const struct upstream *u, struct item *it, struct seen *seen,
                struct seen *excluded)
{
    const char *why = NULL;
    json_t *row = u->convert(it, &why);

    if (!row) {
        must(why != NULL, "no reason is given");
        return;
    }
    if (!row_fault(row)) {
        must(json_string_length(json_object_get(row, "prompt")) > 0,
             "an empty prompt");
        (void)seen_add(seen, row);
        must(seen_add(seen, row) != 0, "a row does not repeat itself");
        seen_exclude(excluded, row);
        must(seen_is_excluded(excluded, row), "a row is not excluded");
        write_and_read(it, row);
    }
    json_decref(row);
}

static void read_all(const char *path, const struct upstream *u)
{
    struct seen *seen = seen_open(), *excluded = seen_open();
    struct item it = {0};
    struct err e = {0};
    struct raw *r;
    int rc = raw_open(&r, path, u->csv, u->fields, &e);

    while (!rc && (rc = raw_next(r, &it, &e)) > 0) {
        use(u, &it, seen, excluded);
        must(strstr(raw_where(r), path) != NULL, "a row is nowhere");
        rc = 0;
    }
    must(rc >= 0 || (e.code == ERR_DATA && strstr(e.msg, path)), e.msg);
    item_free(&it);
    raw_close(&r);
    seen_close(&seen);
    seen_close(&excluded);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int n, fd = memfd_create("f", MFD_CLOEXEC);
    const struct upstream *u = upstream_list(&n);
    char path[32];

    if (size) {
        must(write(fd, data + 1, size - 1) == (ssize_t)size - 1, "no file");
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
        read_all(path, &u[*data % n]);
    }
    close(fd);
    return 0;
}
