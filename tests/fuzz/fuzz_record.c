/* fuzz_record - streams of any bytes under libFuzzer
 *
 * Beside crashes it looks for broken promises: an error is one of bad data
 * and names its input; what was read can be written, and what was written is
 * read again, record for record.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "../../lib/record/fields.h"
#include "../../lib/record/prompt.h"
#include "../../lib/record/view.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int ok, const char *what)
{
    if (!ok) {
        fprintf(stderr, "fuzz_record: %s\n", what);
        abort();
    }
}

/* Everything that programs do with a record; the number of rows written. */
static uint64_t use(struct rec *r, struct fields *f, struct rec_writer *w)
{
    static const struct view view = {.width = 60, .lines = 3};
    struct buf b = {0};
    struct err e = {0};
    struct rec *copy;
    uint64_t n = 0;

    if (prompt_check(r, &e) < 0)
        must(e.code == ERR_DATA && strstr(e.msg, ": record "), e.msg);
    fields_add(f, r);
    view_record(&b, r, 1, &view);
    view_plain(&b, r, "a");
    buf_free(&b);
    rec_set_i64(r, "a.b.c", 3);
    copy = rec_copy(r);
    must(copy->n == r->n, "a copy differs");
    if (w && !rec_write(w, copy, &e))
        n = 1;
    else if (w)
        must(!strcmp(rec_field_name(r, 0), "end") ||
                 (rec_finite(r, NULL) < 0 &&
                  strstr(e.msg, "expected a finite number")),
             e.msg);
    rec_unset(copy, "a.b");
    rec_free(&copy);
    return n;
}

/* Reads fd's file; writes it to `out` when that is a name, and then *written
 * counts. The number of records, or -1. */
static long read_all(int fd, const char *out, uint64_t *written)
{
    char path[32];
    struct rec_reader *in;
    struct rec_writer *w = NULL;
    struct rec *r;
    struct fields *f = fields_open();
    struct buf b = {0};
    struct err e = {0};
    long n;
    int x;

    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    must(!rec_open(&in, path, &e), e.msg);
    if (out) {
        must(!rec_create(&w, out, REC_MSGPACK, &e), e.msg);
        must(!rec_header(w, "k", "t", in, &e), e.msg);
    }
    while ((x = rec_read(in, &r, &e)) > 0)
        *written += use(r, f, w);
    must(!x || (e.code == ERR_DATA && strstr(e.msg, path)), e.msg);
    fields_table(f, &b);
    buf_free(&b);
    fields_close(&f);
    n = x ? -1 : (long)rec_count(in);
    rec_close(&in);
    must(!w || !rec_commit(&w, &e), e.msg);
    return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int fd = memfd_create("in", 0);
    char out[64];
    uint64_t written = 0, again = 0;

    must(fd >= 0 && write(fd, data, size) == (ssize_t)size, "memfd");
    snprintf(out, sizeof out, "/dev/shm/fuzz_record.%d", (int)getpid());
    read_all(fd, out, &written);
    close(fd);
    fd = open(out, O_RDONLY);
    must(fd >= 0, out);
    unlink(out);
    must(read_all(fd, NULL, &again) == (long)written, "not read again");
    close(fd);
    return 0;
}
