/* fuzz_parquet - Parquet files of any bytes under libFuzzer
 *
 * Beside crashes it looks for broken promises: an error is one of bad data
 * and names its input, and a row is one line. The bytes get a footer's frame
 * (magics and length) where they lack it, so that most of them are looked into.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "../../lib/parquet/parquet.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int ok, const char *what)
{
    if (!ok) {
        fprintf(stderr, "fuzz_parquet: %s\n", what);
        abort();
    }
}

static int file_of(const uint8_t *data, size_t size)
{
    static const char magic[] = "PAR1";
    int fd = memfd_create("f", MFD_CLOEXEC);

    must(fd >= 0 && write(fd, data, size) == (ssize_t)size, "no file");
    if (size >= 12 && memcmp(data, magic, 4))
        must(pwrite(fd, magic, 4, 0) == 4, "no file");
    if (size >= 12 && memcmp(data + size - 4, magic, 4))
        must(pwrite(fd, magic, 4, (off_t)size - 4) == 4, "no file");
    return fd;
}

static void read_all(int fd, const char *const *fields)
{
    struct parquet *p;
    struct buf row = {0};
    struct err e = {0};
    int r = parquet_open(&p, fd, "f", fields, &e);

    if (!r) {
        /* rows are bounded by the file's size; here a few are enough */
        for (int n = 0; n < 2000 && (r = parquet_next(p, &row, &e)) > 0; n++)
            must(row.n >= 2 && row.p[0] == '{' && row.p[row.n - 1] == '}' &&
                     !memchr(row.p, '\n', row.n),
                 "a row is no line");
        parquet_close(&p);
    }
    must(r >= 0 || (r == -ERR_DATA && e.code == ERR_DATA &&
                    !strncmp(e.msg, "f: ", 3)),
         e.msg);
    buf_free(&row);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const fields[] = {"prompt", "answer", "i64", NULL};
    int fd = file_of(data, size);

    read_all(dup(fd), NULL);
    read_all(fd, fields);
    return 0;
}
