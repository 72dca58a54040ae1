/* record_fault - writes that fail, processes that die, pipes that trickle */
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include "../../lib/base/buf.h"
#include "../../lib/base/file.h"
#include "../../lib/record/filter.h"
#include "t_dir.h"
#include "t_record.h"

static int entries(const char *path)
{
    DIR *d = opendir(path);
    int n = 0;

    while (d && readdir(d))
        n++;
    if (d)
        closedir(d);
    return n - 2;
}

static int write_records(const char *path, int n, struct err *e)
{
    struct rec_writer *w;
    struct rec *rec = rec_new();
    int32_t ids[500];
    uint32_t x = 1;
    int r = rec_create(&w, path, REC_MSGPACK, e);

    if (!r)
        r = rec_header(w, "prompts", "test", NULL, e);
    for (int i = 0; i < n && !r; i++) {
        for (int k = 0; k < 500; k++)
            ids[k] = (int32_t)((x = x * 1664525u + 1013904223u) >> 8);
        rec_clear(rec);
        rec_set_i64(rec, "i", i);
        rec_set_i32s(rec, "ids", ids, 500);
        r = rec_write(w, rec, e);
    }
    if (!r)
        r = rec_commit(&w, e);
    else
        rec_abort(&w);
    rec_free(&rec);
    return r;
}

/* In a child with a bound on file sizes; the exit status is the error code,
 * and its message goes to dir/msg. */
static int write_bounded(const char *path, int n, rlim_t bytes)
{
    int status;
    pid_t pid = fork();

    if (!pid) {
        struct rlimit lim = {bytes, bytes};
        struct err e = {0};
        int r;

        signal(SIGXFSZ, SIG_IGN);
        setrlimit(RLIMIT_FSIZE, &lim);
        r = write_records(path, n, &e);
        _exit(r < 0 ? e.code + (strncmp(e.msg, path, strlen(path)) ? 50 : 0)
                    : 0);
    }
    waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 100;
}

static void a_failing_write_leaves_nothing(void)
{
    const char *names[] = {"w/a", "w/a.zst"};
    struct err e = {0};

    T_EQ_INT(file_mkdirs(in_dir("w"), &e), 0);
    for (int z = 0; z < 2; z++) {
        struct filemap m;
        const char *path = in_dir(names[z]);
        size_t size;

        T_EQ_INT(write_records(path, 80, &e), 0);
        T_EQ_INT(file_map(&m, path, &e), 0);
        size = m.size;
        file_unmap(&m);
        T_CHECK(size > 100000);
        unlink(path);
        for (size_t bytes = 0; bytes < size; bytes += size / 9) {
            T_EQ_INT(write_bounded(path, 80, bytes), ERR_IO);
            T_EQ_INT(entries(in_dir("w")), 0);
        }
        T_EQ_INT(write_bounded(path, 80, size - 1), ERR_IO);
        T_EQ_INT(entries(in_dir("w")), 0);
        T_EQ_INT(write_bounded(path, 80, size), 0);
        T_EQ_INT(count(path, &e), 80);
        unlink(path);
    }
}

static void a_failing_write_keeps_the_old_file(void)
{
    struct err e = {0};
    const char *path = in_dir("keep");

    T_EQ_INT(write_records(path, 3, &e), 0);
    T_EQ_INT(write_bounded(path, 80, 70000), ERR_IO);
    T_EQ_INT(count(path, &e), 3);
}

static void a_killed_writer_keeps_the_old_file(void)
{
    struct err e = {0};
    const char *path = in_dir("killed");
    int go[2], status;
    char c;
    pid_t pid;

    T_EQ_INT(write_records(path, 3, &e), 0);
    T_EQ_INT(pipe(go), 0);
    pid = fork();
    if (!pid) {
        struct rec_writer *w;
        struct rec *rec = rec_new();

        rec_set_i64(rec, "x", 1);
        if (rec_create(&w, path, REC_MSGPACK, &e) < 0 ||
            rec_header(w, "k", "t", NULL, &e) < 0)
            _exit(1);
        for (int i = 0; i < 100000; i++)
            if (rec_write(w, rec, &e) < 0)
                _exit(1);
        if (write(go[1], "x", 1) != 1)
            _exit(1);
        for (;;)
            if (rec_write(w, rec, &e) < 0)
                _exit(1);
    }
    T_EQ_INT(read(go[0], &c, 1), 1);
    kill(pid, SIGKILL);
    waitpid(pid, &status, 0);
    T_CHECK(WIFSIGNALED(status));
    T_EQ_INT(count(path, &e), 3);
    close(go[0]);
    close(go[1]);
}

static void a_full_device_is_named(void)
{
    struct err e = {0};

    if (access("/dev/full", W_OK)) {
        printf("skip full_device: no /dev/full\n");
        return;
    }
    T_EQ_INT(write_records("/dev/full", 1, &e), -ERR_IO);
    T_EQ_STR(e.msg, "/dev/full: No space left on device");
}

static void a_closed_pipe_is_an_error(void)
{
    struct err e = {0};
    char path[32];
    int p[2];

    signal(SIGPIPE, SIG_IGN);
    T_EQ_INT(pipe(p), 0);
    snprintf(path, sizeof path, "/dev/fd/%d", p[1]);
    close(p[0]);
    T_EQ_INT(write_records(path, 1, &e), -ERR_IO);
    T_CHECKF(strstr(e.msg, "Broken pipe"), "%s", e.msg);
    close(p[1]);
}

/* What was written can be read while the writer waits. */
static void a_record_is_not_held_back(void)
{
    struct err e = {0};
    struct rec_writer *w;
    struct rec_reader *r;
    struct rec *out = rec_new(), *in;
    char path[32];
    int p[2];
    int64_t v = 0;

    T_EQ_INT(pipe(p), 0);
    snprintf(path, sizeof path, "/dev/fd/%d", p[1]);
    T_EQ_INT(rec_create(&w, path, REC_MSGPACK, &e), 0);
    T_EQ_INT(rec_header(w, "k", "t", NULL, &e), 0);
    snprintf(path, sizeof path, "/dev/fd/%d", p[0]);
    T_EQ_INT(rec_open(&r, path, &e), 0);
    for (int i = 1; i <= 3; i++) {
        rec_set_i64(out, "v", i);
        T_EQ_INT(rec_ready(r), i == 1); /* the header has come */
        T_EQ_INT(rec_write(w, out, &e), 0);
        T_EQ_INT(rec_ready(r), 1);
        alarm(20);
        T_EQ_INT(rec_read(r, &in, &e), 1);
        T_CHECK(rec_get_i64(in, "v", &v, &e) == 1 && v == i);
    }
    T_EQ_INT(rec_commit(&w, &e), 0);
    close(p[1]);
    T_EQ_INT(rec_ready(r), 1);
    T_EQ_INT(rec_read(r, &in, &e), 0);
    T_EQ_INT(rec_ready(r), 1);
    alarm(0);
    rec_close(&r);
    rec_free(&out);
    close(p[0]);
}

/* A pipe, its writer that keeps records, and a reader that has the header. */
struct held {
    struct rec_writer *w;
    struct rec_reader *r;
    struct rec *out;
    int p[2];
};

static void open_held(struct held *h)
{
    struct err e = {0};
    char path[32];

    T_EQ_INT(pipe(h->p), 0);
    snprintf(path, sizeof path, "/dev/fd/%d", h->p[1]);
    T_EQ_INT(rec_create(&h->w, path, REC_MSGPACK, &e), 0);
    T_EQ_INT(rec_header(h->w, "k", "t", NULL, &e), 0);
    rec_hold(h->w);
    snprintf(path, sizeof path, "/dev/fd/%d", h->p[0]);
    T_EQ_INT(rec_open(&h->r, path, &e), 0);
    alarm(20);
    T_EQ_STR(rec_kind(h->r), "k");
    h->out = rec_new();
    rec_set_i64(h->out, "v", 7);
}

static void read_held(struct held *h)
{
    struct err e = {0};
    struct rec *in;
    int64_t v = 0;

    T_EQ_INT(rec_read(h->r, &in, &e), 1);
    T_CHECK(rec_get_i64(in, "v", &v, &e) == 1 && v == 7);
}

static void close_held(struct held *h)
{
    rec_abort(&h->w);
    alarm(0);
    rec_close(&h->r);
    rec_free(&h->out);
    close(h->p[0]);
    close(h->p[1]);
}

/* Two records that the reader has not, unless the writer lost its processor
 * for REC_HOLD_MS between them; then again. */
static int hold_two(struct held *h)
{
    struct err e = {0};

    for (int i = 0; i < 1000; i++) {
        T_EQ_INT(rec_write(h->w, h->out, &e), 0);
        T_EQ_INT(rec_write(h->w, h->out, &e), 0);
        if (!rec_ready(h->r))
            return 1;
        T_EQ_INT(rec_flush(h->w, 0, &e), 0);
        read_held(h);
        read_held(h);
    }
    return 0;
}

static void held_records_go_together(void)
{
    struct err e = {0};
    struct held h = {0};

    open_held(&h);
    T_CHECK(hold_two(&h));
    T_EQ_INT(rec_flush(h.w, 0, &e), 0);
    read_held(&h);
    read_held(&h);
    T_CHECK(hold_two(&h));
    usleep(1000 * (REC_HOLD_MS + 1));
    T_EQ_INT(rec_flush(h.w, 1, &e), 0);
    read_held(&h);
    read_held(&h);
    T_CHECK(hold_two(&h));
    usleep(1000 * (REC_HOLD_MS + 1));
    T_EQ_INT(rec_write(h.w, h.out, &e), 0);
    for (int i = 0; i < 3; i++)
        read_held(&h);
    close_held(&h);
}

/* A writer that fails later has told the reader what it had done. */
static void held_records_go_before_an_end(void)
{
    struct held h = {0};

    open_held(&h);
    T_CHECK(hold_two(&h));
    rec_abort(&h.w);
    read_held(&h);
    read_held(&h);
    close_held(&h);
}

/* Opening an input does not wait for its first byte. */
static void opening_does_not_wait(void)
{
    struct err e = {0};
    struct rec_reader *r;
    char path[32];
    int p[2];

    T_EQ_INT(pipe(p), 0);
    snprintf(path, sizeof path, "/dev/fd/%d", p[0]);
    alarm(20);
    T_EQ_INT(rec_open(&r, path, &e), 0);
    alarm(0);
    rec_close(&r);
    close(p[0]);
    close(p[1]);
}

/* Bytes that come one by one give the same records. */
static void a_trickle_is_read(void)
{
    const char *names[] = {"t", "t.zst"};

    for (int z = 0; z < 2; z++) {
        struct err e = {0};
        const char *path = in_dir(names[z]);
        struct filemap m;
        char in[32];
        int p[2];
        pid_t pid;

        T_EQ_INT(write_records(path, 3, &e), 0);
        T_EQ_INT(pipe(p), 0);
        pid = fork();
        if (!pid) {
            if (file_map(&m, path, &e) < 0)
                _exit(1);
            close(p[0]);
            for (size_t i = 0; i < m.size; i++)
                if (write(p[1], m.data + i, 1) != 1)
                    _exit(1);
            _exit(0);
        }
        close(p[1]);
        snprintf(in, sizeof in, "/dev/fd/%d", p[0]);
        T_EQ_INT(count(in, &e), 3);
        T_CHECKF(!e.code, "%s", e.msg);
        close(p[0]);
        waitpid(pid, NULL, 0);
    }
}

static int run_filter(struct filter *f, char **inputs, int n, int64_t bad,
                      struct err *e)
{
    struct rec *rec;
    int r;
    int64_t v;

    r = filter_open(f, "test", "prompts", inputs, n, e);
    if (r < 0)
        return r;
    while ((r = filter_read(f, &rec, e)) > 0) {
        r = rec_need_i64(rec, "v", &v, e);
        if (!r && v == bad)
            r = rec_bad(rec, e, "v is bad");
        r = r < 0 ? filter_skip(f, e) : filter_write(f, rec, e);
        if (r < 0)
            break;
    }
    if (r < 0) {
        filter_abort(f);
        return r;
    }
    return filter_close(f, e);
}

static void put_text(const char *path, const char *s)
{
    FILE *f = fopen(path, "w");

    if (!f || fputs(s, f) < 0 || fclose(f))
        t_fail(__FILE__, __LINE__, "cannot write %s", path);
}

static void a_filter_skips_limits_and_counts(void)
{
    char *a = (char *)in_dir("fa"), *b = (char *)in_dir("fb");
    char *inputs[] = {a, b};
    struct err e = {0};
    const char *out = in_dir("out");

    put_text(a, "{\"v\":1}\n{\"v\":2}\n{\"w\":3}\n");
    put_text(b, "{\"v\":4}\n{\"v\":5}\n");

    struct filter f = {.out = out, .quiet = 1};
    T_EQ_INT(run_filter(&f, inputs, 2, -1, &e), -ERR_DATA);
    T_CHECKF(strstr(e.msg, "fa: record 3: v is missing"), "%s", e.msg);
    T_CHECK(!file_exists(out));

    f = (struct filter){.out = out, .skip_bad = 1};
    T_EQ_INT(run_filter(&f, inputs, 2, 4, &e), -ERR_DATA);
    T_CHECKF(strstr(e.msg, "fb: record 1: v is bad"), "%s", e.msg);

    f = (struct filter){.out = out, .skip_bad = 2};
    memset(&e, 0, sizeof e);
    T_EQ_INT(run_filter(&f, inputs, 2, 4, &e), 0);
    T_EQ_INT(count(out, &e), 3);
    T_EQ_INT(f.n_skipped, 2);

    f = (struct filter){.out = out, .limit = 2};
    T_EQ_INT(run_filter(&f, inputs, 2, -1, &e), 0);
    T_EQ_INT(count(out, &e), 2);
}

static void no_records_is_an_error_unless_allowed(void)
{
    char *empty = (char *)in_dir("none"), *inputs[] = {empty};
    struct err e = {0};
    const char *out = in_dir("out0");

    T_EQ_INT(write_records(empty, 0, &e), 0);
    struct filter f = {.out = out};
    T_EQ_INT(run_filter(&f, inputs, 1, -1, &e), -ERR_DATA);
    T_CHECKF(strstr(e.msg, "none: no records"), "%s", e.msg);
    T_CHECK(!file_exists(out));
    f = (struct filter){.out = out, .allow_empty = 1};
    T_EQ_INT(run_filter(&f, inputs, 1, -1, &e), 0);
    T_EQ_INT(count(out, &e), 0);
}

int main(void)
{
    dir = getenv("T");
    if (!dir) {
        T_SKIP("record_fault", "no T");
        return 0;
    }
    T_RUN(a_failing_write_leaves_nothing);
    T_RUN(a_failing_write_keeps_the_old_file);
    T_RUN(a_killed_writer_keeps_the_old_file);
    T_RUN(a_full_device_is_named);
    T_RUN(a_closed_pipe_is_an_error);
    T_RUN(a_record_is_not_held_back);
    T_RUN(held_records_go_together);
    T_RUN(held_records_go_before_an_end);
    T_RUN(opening_does_not_wait);
    T_RUN(a_trickle_is_read);
    T_RUN(a_filter_skips_limits_and_counts);
    T_RUN(no_records_is_an_error_unless_allowed);
    T_DONE();
}
