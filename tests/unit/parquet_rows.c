/* parquet_rows - files of four writers, row for row as pyarrow reads them;
 * what is refused, by name; damage at every byte */
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>
#include "../../lib/base/buf.h"
#include "../../lib/parquet/parquet.h"
#include "t.h"

#define GOLDEN "tests/golden/parquet/"

static struct buf get_file(const char *path)
{
    struct buf b = {0};
    FILE *f = fopen(path, "rb");
    size_t n;

    if (!f) {
        t_fail(__FILE__, __LINE__, "cannot read %s", path);
        return b;
    }
    do {
        n = fread(buf_room(&b, 65536), 1, 65536, f);
        b.n += n;
    } while (n);
    fclose(f);
    return b;
}

/* All rows of a file, a line each, at the end of out; their number, or a
 * negative code. */
static long read_fd(int fd, const char *const *fields, struct buf *out,
                    struct err *e)
{
    struct parquet *p;
    struct buf row = {0};
    long n = 0;
    int r = parquet_open(&p, fd, "f", fields, e);

    if (r < 0)
        return r;
    while ((r = parquet_next(p, &row, e)) > 0) {
        n++;
        if (out)
            buf_put(out, row.p, row.n);
        if (out)
            buf_put(out, "\n", 1);
    }
    if (!r)
        T_EQ_INT(n, parquet_rows(p));
    parquet_close(&p);
    buf_free(&row);
    return r < 0 ? r : n;
}

static long read_path(const char *path, const char *const *fields,
                      struct buf *out, struct err *e)
{
    return read_fd(open(path, O_RDONLY), fields, out, e);
}

/* Where two texts part, with what stands there. */
static void same_text(const char *name, struct buf *got, struct buf *want)
{
    const char *g = buf_str(got), *w = buf_str(want);
    size_t i = 0, line = 1;

    while (g[i] && g[i] == w[i])
        line += g[i++] == '\n';
    i -= i < 20 ? i : 20;
    T_CHECKF(got->n == want->n && !memcmp(g, w, want->n),
             "%s: line %zu: found '%.60s', expected '%.60s'", name, line, g + i,
             w + i);
}

static void every_writer_row_for_row(void)
{
    FILE *list = fopen(GOLDEN "list.tsv", "r");
    char name[64], rows[64], path[256];
    int n, files = 0;

    if (!list) {
        t_fail(__FILE__, __LINE__, "no " GOLDEN "list.tsv");
        return;
    }
    while (fscanf(list, "%63s %63s %d", name, rows, &n) == 3) {
        struct buf got = {0}, want;
        struct err e = {0};

        snprintf(path, sizeof path, GOLDEN "%s.jsonl", rows);
        want = get_file(path);
        snprintf(path, sizeof path, GOLDEN "%s.parquet", name);
        T_EQ_INT(read_path(path, NULL, &got, &e), n);
        T_CHECKF(!e.code, "%s: %s", name, e.msg);
        same_text(name, &got, &want);
        buf_free(&got);
        buf_free(&want);
        files++;
    }
    fclose(list);
    T_CHECKF(files >= 40, "%d files", files);
}

static void only_wanted_columns(void)
{
    static const char *const fields[] = {"REWARD_MODEL", "nosuch", NULL};
    static const char first[] = "{\"reward_model\":{\"ground_truth\":\"0\","
                                "\"style\":\"rule-lighteval/MATH_v2\"}}\n";
    static const char *const raw[] = {"question", NULL};
    struct buf got = {0};
    struct err e = {0};

    T_EQ_INT(read_path(GOLDEN "arrow_dapo.parquet", fields, &got, &e), 30);
    T_CHECKF(!strncmp(buf_str(&got), first, strlen(first)), "%.80s", got.p);
    /* what is not looked at may be of any type */
    T_EQ_INT(read_path(GOLDEN "refused/timestamp.parquet", raw, &got, &e), 1);
    T_CHECKF(!e.code, "%s", e.msg);
    buf_free(&got);
}

static void refused_by_name(void)
{
    static const char *const files[][2] = {
        {"lz4", "compressed with LZ4"},
        {"brotli", "compressed with BROTLI"},
        {"timestamp", "column 'when': is TIMESTAMP, which is not read"},
        {"date", "column 'when': is DATE, which is not read"},
        {"int96", "column 'when': is INT96, which is not read"},
        {"float16", "column 'half': is FLOAT16, which is not read"},
        {"fixed", "column 'raw': is FIXED_LEN_BYTE_ARRAY, which is not read"},
        {"map_keys", "column 'm': is a MAP whose keys are not text"},
        {"encrypted", "is an encrypted Parquet file"},
        {"encrypted_column", "is encrypted, which is not read"},
        {"moved_rows", "column 'answer': damaged page: bytes are left over "
                       "behind its values"},
        {"many_rows", "says that it has 1073741824 rows in"},
        {"long_row",
         "row 1: column 'l.list.element': the row is longer than 16 MiB"},
        {"long_file", "rows are over 1,024 times as long as the file"},
        {"levels_disagree", "levels disagree with those of other columns"},
        {"too_few_rows", "row 3: column 'i': has fewer rows than the row "
                         "group"},
        {"too_many_rows", "column 'i' has more rows than the row group"}};

    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        struct err e = {0};
        char path[256];

        snprintf(path, sizeof path, GOLDEN "refused/%s.parquet", files[i][0]);
        T_EQ_INT(read_path(path, NULL, NULL, &e), -ERR_DATA);
        T_CHECKF(strstr(e.msg, files[i][1]), "%s: %s", files[i][0], e.msg);
    }
}

static int fd_of(const void *p, size_t n)
{
    int fd = memfd_create("f", MFD_CLOEXEC);

    if (fd < 0 || write(fd, p, n) != (ssize_t)n)
        t_fail(__FILE__, __LINE__, "cannot write a file in memory");
    return fd;
}

/* A cut file lacks its end, wherever it is cut. */
static void a_cut_at_any_byte_is_seen(void)
{
    struct buf b = get_file(GOLDEN "fast_zstd.parquet"), got = {0};
    int missed = 0;

    for (size_t n = 0; n < b.n; n++) {
        struct err e = {0};

        missed += read_fd(fd_of(b.p, n), NULL, &got, &e) != -ERR_DATA ||
                  strncmp(e.msg, "f: ", 3);
    }
    T_EQ_INT(missed, 0);
    buf_free(&b);
    buf_free(&got);
}

/* Each byte of the first n with a bit changed: an error of data, or rows; with
 * `same`, the rows that were there: every page has a checksum, and what the headers say
 * is held against the pages. */
static void changed_bytes(const char *name, int same)
{
    char path[256];
    struct buf b, want = {0};
    struct err e = {0};
    size_t n;

    snprintf(path, sizeof path, GOLDEN "%s.parquet", name);
    b = get_file(path);
    T_CHECK(read_path(path, NULL, &want, &e) > 0);
    n = b.n - 8 - (unsigned char)b.p[b.n - 8] -
        256u * (unsigned char)b.p[b.n - 7]; /* where the footer begins */
    for (size_t i = 0; i < (same ? n : b.n); i++) {
        struct buf got = {0};
        long r;

        b.p[i] ^= (char)(1 << i % 8);
        e.code = 0;
        r = read_fd(fd_of(b.p, b.n), NULL, &got, &e);
        T_CHECKF(r >= 0 || r == -ERR_DATA, "%s: byte %zu: %s", name, i, e.msg);
        T_CHECKF(r < 0 || !same ||
                     (got.n == want.n && !memcmp(got.p, want.p, got.n)),
                 "%s: byte %zu changes rows", name, i);
        b.p[i] ^= (char)(1 << i % 8);
        buf_free(&got);
    }
    buf_free(&b);
    buf_free(&want);
}

static void changed_bytes_are_errors_of_data(void)
{
    changed_bytes("fast_zstd", 0);
    changed_bytes("hand_list_of_pairs", 0);
    changed_bytes("arrow_delta", 0);
}

static void a_page_with_a_checksum_cannot_change(void)
{
    changed_bytes("arrow_nested", 1);
}

int main(void)
{
    T_RUN(every_writer_row_for_row);
    T_RUN(only_wanted_columns);
    T_RUN(refused_by_name);
    T_RUN(a_cut_at_any_byte_is_seen);
    T_RUN(changed_bytes_are_errors_of_data);
    T_RUN(a_page_with_a_checksum_cannot_change);
    T_DONE();
}
