/* record_stream - streams: round trips, cuts at every byte, bounds, JSON */
#include <fcntl.h>
#include <float.h>
#include <sys/resource.h>
#include <unistd.h>
#include <zlib.h>
#include "../../lib/base/buf.h"
#include "../../lib/base/file.h"
#include "../../lib/record/impl.h"
#include "t_dir.h"
#include "t_record.h"

static void put_file(const char *path, const void *p, size_t n)
{
    FILE *f;

    unlink(path); /* truncating in place makes some file systems wait */
    f = fopen(path, "wb");

    if (!f || fwrite(p, 1, n, f) != n || fclose(f))
        t_fail(__FILE__, __LINE__, "cannot write %s", path);
}

static struct buf get_file(const char *path)
{
    struct buf b = {0};
    struct filemap m;
    struct err e;

    if (file_map(&m, path, &e) < 0) {
        t_fail(__FILE__, __LINE__, "%s", e.msg);
        return b;
    }
    buf_put(&b, m.data, m.size);
    file_unmap(&m);
    return b;
}

static void write_stream(const char *path, int n, enum rec_format format)
{
    struct rec_writer *w;
    struct rec *rec = rec_new();
    struct err e = {0};
    float lp[3] = {-0.1f, -2.5f, -1e-30f};
    int32_t ids[3] = {1, -5, 2147483647};

    T_EQ_INT(rec_create(&w, path, format, &e), 0);
    rec_made_by(w, "seed", "7");
    T_EQ_INT(rec_header(w, "rollouts", "test", NULL, &e), 0);
    for (int i = 0; i < n; i++) {
        char id[16];

        rec_clear(rec);
        snprintf(id, sizeof id, "t/%d", i);
        rec_set_str(rec, "id", id, strlen(id));
        rec_set_f32s(rec, "logprobs.base", lp, 3);
        rec_set_i32s(rec, "response_tokens", ids, 3);
        rec_set_u64(rec, "seed", UINT64_MAX);
        rec_set_f64(rec, "reward", -1);
        rec_set_f32s(rec, "small", &(float){0.1f}, 1);
        rec_set_bool(rec, "correct", 1);
        T_EQ_INT(rec_write(w, rec, &e), 0);
    }
    T_EQ_INT(rec_commit(&w, &e), 0);
    T_CHECKF(!e.code, "%s", e.msg);
    rec_free(&rec);
}

static void what_was_set_is_read(void)
{
    struct rec_reader *r;
    struct rec *rec;
    struct err e = {0};
    struct rec_str s;
    struct rec_i32s ids;
    struct rec_f32s lp;
    uint64_t u;
    int64_t i;
    double d;
    int b;

    write_stream(in_dir("a"), 2, REC_AUTO);
    T_EQ_INT(rec_open(&r, in_dir("a"), &e), 0);
    T_EQ_STR(rec_kind(r), "rollouts");
    T_EQ_STR(rec_header_json(r),
             "{\"rlvr\":1,\"kind\":\"rollouts\","
             "\"made_by\":[{\"tool\":\"test\",\"seed\":\"7\"}]}");
    T_EQ_INT(rec_read(r, &rec, &e), 1);
    T_EQ_INT(rec_count(r), 1);
    T_EQ_INT(rec_read(r, &rec, &e), 1);
    T_CHECK(rec_get_str(rec, "id", &s, &e) == 1 && !strcmp(s.s, "t/1"));
    T_EQ_INT(rec_get_f32s(rec, "logprobs.base", &lp, &e), 1);
    T_CHECK(lp.n == 3 && lp.v[0] == -0.1f && lp.v[2] == -1e-30f);
    T_EQ_INT(rec_get_i32s(rec, "response_tokens", &ids, &e), 1);
    T_CHECK(ids.n == 3 && ids.v[1] == -5 && ids.v[2] == 2147483647);
    T_CHECK(rec_get_u64(rec, "seed", &u, &e) == 1 && u == UINT64_MAX);
    T_CHECK(rec_get_f64(rec, "reward", &d, &e) == 1 && d == -1);
    T_CHECK(rec_get_bool(rec, "correct", &b, &e) == 1 && b == 1);
    T_EQ_INT(rec_get_i64(rec, "absent", &i, &e), 0);
    T_EQ_INT(rec_get_i64(rec, "id.inner", &i, &e), 0);
    T_EQ_STR(rec_json(rec, "small"), "[0.1]");
    T_EQ_STR(rec_json(rec, "reward"), "-1.0");
    T_CHECK(!rec_json(rec, "nothing"));
    T_EQ_INT((long)rec->n, 7);
    T_EQ_STR(rec_field_name(rec, 1), "logprobs");
    T_EQ_INT(rec_read(r, &rec, &e), 0);
    T_EQ_INT(rec_read(r, &rec, &e), 0);
    rec_close(&r);
    T_CHECK(!r);
}

static void wrong_types_are_named(void)
{
    static const char rows[] =
        "{\"s\":\"x\",\"i\":3000000000,\"f\":1.5,\"a\":[1,\"x\"],\"n\":null,"
        "\"big\":[1e300],\"m\":{\"k\":[true]},\"c\":[\"a\",true]}";
    struct rec_reader *r;
    struct rec *rec;
    struct err e = {0};
    struct rec_str s;
    struct rec_i32s is;
    struct rec_f32s fs;
    const struct rec_str *strs;
    size_t n;
    int64_t i;
    double d;
    int b;
#define SAYS(call, text)                                                       \
    do {                                                                       \
        T_EQ_INT(call, -ERR_DATA);                                             \
        T_EQ_STR(e.msg + strlen(in_dir("w")), text);                           \
    } while (0)

    put_file(in_dir("w"), rows, sizeof rows - 1);
    T_EQ_INT(rec_open(&r, in_dir("w"), &e), 0);
    T_EQ_STR(rec_kind(r), "");
    T_EQ_INT(rec_read(r, &rec, &e), 1);
    SAYS(rec_get_str(rec, "i", &s, &e),
         ": record 1: i: found int, expected str");
    SAYS(rec_get_text(rec, "f", &s, &e),
         ": record 1: f: found float, expected str or int");
    SAYS(rec_get_text(rec, "m", &s, &e),
         ": record 1: m: found map, expected str or int");
    SAYS(rec_get_i64(rec, "f", &i, &e),
         ": record 1: f: found float, expected int");
    SAYS(rec_get_f64(rec, "s", &d, &e),
         ": record 1: s: found str, expected float");
    SAYS(rec_get_bool(rec, "i", &b, &e),
         ": record 1: i: found int, expected bool");
    SAYS(rec_get_f32s(rec, "s", &fs, &e),
         ": record 1: s: found str, expected array of float");
    SAYS(rec_get_f32s(rec, "a", &fs, &e),
         ": record 1: a[1]: found str, expected float");
    SAYS(rec_get_f32s(rec, "big", &fs, &e),
         ": record 1: big[0]: 1e+300 is out of float32's range");
    SAYS(rec_get_f32s(rec, "m.k", &fs, &e),
         ": record 1: m.k[0]: found bool, expected float");
    SAYS(rec_get_i32s(rec, "a", &is, &e),
         ": record 1: a[1]: found str, expected int");
    SAYS(rec_get_strs(rec, "c", &strs, &n, &e),
         ": record 1: c[1]: found bool, expected str");
    SAYS(rec_need_str(rec, "n", &s, &e), ": record 1: n is missing");
    SAYS(rec_need_f32s(rec, "q.r", &fs, &e), ": record 1: q.r is missing");
    SAYS(rec_need_i32s(rec, "prompt_tokens", &is, &e),
         ": record 1: prompt_tokens is missing: run tokenize");
    SAYS(rec_need_f32s(rec, "logprobs.base", &fs, &e),
         ": record 1: logprobs.base is missing: run logprob");
    SAYS(rec_bad(rec, &e, "why %d", 5), ": record 1: why 5");
    rec_close(&r);
}

/* The decimal text of an integer, from both formats and at both ends. */
static void an_integer_is_text_where_text_is_asked_for(void)
{
    static const char rows[] =
        "{\"a\":0,\"b\":-9223372036854775808,\"c\":18446744073709551615}"
        "\n";
    static const char *const want[] = {"0", "-9223372036854775808",
                                       "18446744073709551615"};
    struct rec_reader *r;
    struct rec_writer *w;
    struct rec *rec;
    struct err e = {0};
    struct rec_str s;

    put_file(in_dir("i.jsonl"), rows, sizeof rows - 1);
    T_EQ_INT(rec_open(&r, in_dir("i.jsonl"), &e), 0);
    T_EQ_INT(rec_create(&w, in_dir("i.msgpack"), REC_MSGPACK, &e), 0);
    T_EQ_INT(rec_header(w, "k", "t", r, &e), 0);
    T_EQ_INT(rec_read(r, &rec, &e), 1);
    T_EQ_INT(rec_write(w, rec, &e), 0);
    T_EQ_INT(rec_commit(&w, &e), 0);
    rec_close(&r);
    for (int packed = 0; packed < 2; packed++) {
        T_EQ_INT(rec_open(&r, in_dir(packed ? "i.msgpack" : "i.jsonl"), &e), 0);
        T_EQ_INT(rec_read(r, &rec, &e), 1);
        for (int i = 0; i < 3; i++) {
            const char name[2] = {(char)('a' + i), 0};

            T_EQ_INT(rec_need_text(rec, name, &s, &e), 0);
            T_EQ_STR(s.s, want[i]);
            T_EQ_INT(s.n, strlen(want[i]));
        }
        rec_close(&r);
    }
}

static void nan_is_refused_where_a_number_belongs(void)
{
    struct rec *rec = rec_new();
    struct err e = {0};
    struct rec_f32s fs;
    double d;
    float v[2] = {1, (float)NAN};

    rec_set_f32s(rec, "v", v, 2);
    rec_set_f64(rec, "d", -(double)INFINITY);
    T_EQ_INT(rec_get_f32s(rec, "v", &fs, &e), -ERR_DATA);
    T_EQ_STR(e.msg, "v[1]: found nan, expected a finite number");
    T_EQ_INT(rec_get_f64(rec, "d", &d, &e), -ERR_DATA);
    T_EQ_STR(e.msg, "d: found -inf, expected a finite number");
    rec_free(&rec);
}

/* Every prefix of a stream is an error, the whole is not. */
static void cut_everywhere(const char *path, int n_records)
{
    struct buf b = get_file(path);
    const char *cut = in_dir("cut");
    struct err e = {0};

    T_EQ_INT(count(path, &e), n_records);
    for (size_t n = 0; n < b.n; n++) {
        put_file(cut, b.p, n);
        memset(&e, 0, sizeof e);
        if (count(cut, &e) != -ERR_DATA || !strstr(e.msg, cut))
            T_CHECKF(0, "%zu of %zu bytes: code %d %s", n, b.n, e.code, e.msg);
        if (n && !strstr(e.msg, "truncated") && !strstr(e.msg, "records") &&
            !strstr(e.msg, "line 1, column"))
            T_CHECKF(0, "%zu of %zu bytes: %s", n, b.n, e.msg);
    }
    buf_free(&b);
}

static void a_cut_at_any_byte_is_seen(void)
{
    write_stream(in_dir("c"), 3, REC_MSGPACK);
    cut_everywhere(in_dir("c"), 3);
    write_stream(in_dir("c0"), 0, REC_MSGPACK);
    cut_everywhere(in_dir("c0"), 0);
}

static void a_cut_of_zstd_at_any_byte_is_seen(void)
{
    write_stream(in_dir("c.zst"), 3, REC_MSGPACK);
    cut_everywhere(in_dir("c.zst"), 3);
    /* JSON lines have no end record, but their frame has an end */
    write_stream(in_dir("j.zst"), 3, REC_JSON);
    cut_everywhere(in_dir("j.zst"), 3);
}

/* The bytes of a file as one gzip member after another, `step` bytes each. */
static struct buf gzipped(const char *path, size_t step)
{
    struct buf b = get_file(path), out = {0};

    for (size_t at = 0; at < b.n || !at; at += step) {
        size_t n = b.n - at < step ? b.n - at : step;
        z_stream z = {0};

        T_EQ_INT(deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, 0), Z_OK);
        z.next_in = (Bytef *)b.p + at;
        z.avail_in = (uInt)n;
        z.next_out = (Bytef *)buf_room(&out, n + 256);
        z.avail_out = (uInt)n + 256;
        T_EQ_INT(deflate(&z, Z_FINISH), Z_STREAM_END);
        out.n += n + 256 - z.avail_out;
        deflateEnd(&z);
    }
    buf_free(&b);
    return out;
}

static void put_gzipped(const char *name, const char *from, size_t step)
{
    struct buf z = gzipped(in_dir(from), step);

    put_file(in_dir(name), z.p, z.n);
    buf_free(&z);
}

static void gzip_is_read_whatever_its_name_and_members(void)
{
    struct err e = {0};

    write_stream(in_dir("g"), 3, REC_MSGPACK);
    write_stream(in_dir("gj"), 3, REC_JSON);
    write_stream(in_dir("g.zst"), 3, REC_MSGPACK);
    for (size_t step = 1; step < 900; step = 2 * step + 1) {
        put_gzipped("named.zst", "g", step);
        T_EQ_INT(count(in_dir("named.zst"), &e), 3);
        put_gzipped("gz", "gj", step);
        T_EQ_INT(count(in_dir("gz"), &e), 3);
    }
    T_CHECKF(!e.code, "%s", e.msg);
}

static void a_cut_of_gzip_at_any_byte_is_seen(void)
{
    write_stream(in_dir("g"), 3, REC_MSGPACK);
    put_gzipped("gz", "g", 1 << 20);
    cut_everywhere(in_dir("gz"), 3);
}

static void a_changed_byte_of_gzip_is_seen(void)
{
    struct err e = {0};
    struct buf b;
    int missed = 0;

    write_stream(in_dir("gj"), 3, REC_JSON); /* no checksum of its own */
    put_gzipped("gz", "gj", 1 << 20);
    b = get_file(in_dir("gz"));
    /* the header's flags, time and system say nothing about the bytes */
    for (size_t i = 10; i < b.n; i++) {
        if (i == b.n - 9) /* the last bits before the checksum are unused */
            continue;
        b.p[i] ^= 0x10;
        put_file(in_dir("y"), b.p, b.n);
        missed += count(in_dir("y"), &e) != -ERR_DATA ||
                  !strstr(e.msg, in_dir("y"));
        b.p[i] ^= 0x10;
    }
    T_EQ_INT(missed, 0);
    buf_free(&b);
}

static void a_changed_byte_is_seen(void)
{
    struct buf b;
    struct err e;
    int missed = 0;

    write_stream(in_dir("x"), 2, REC_MSGPACK);
    b = get_file(in_dir("x"));
    for (size_t i = 0; i < b.n; i++) {
        b.p[i] ^= 0x04;
        put_file(in_dir("y"), b.p, b.n);
        if (count(in_dir("y"), &e) != -ERR_DATA)
            missed++;
        b.p[i] ^= 0x04;
    }
    T_EQ_INT(missed, 0);
    buf_free(&b);
}

static void streams_are_concatenated(void)
{
    struct buf all = {0};
    struct err e = {0};
    const char *parts[] = {"p1",     "p2.zst", "p6", "p6",
                           "p3.zst", "p6",     "p4", "p5"};

    write_stream(in_dir("p1"), 2, REC_MSGPACK);
    write_stream(in_dir("p2.zst"), 3, REC_MSGPACK);
    write_stream(in_dir("p3.zst"), 0, REC_MSGPACK);
    write_stream(in_dir("p4"), 4, REC_MSGPACK);
    put_file(in_dir("p5"), "{\"a\":1}\n\n{\"a\":2}", 16);
    put_gzipped("p6", "p1", 100);
    for (int i = 0; i < 8; i++) {
        struct buf b = get_file(in_dir(parts[i]));

        buf_put(&all, b.p, b.n);
        buf_free(&b);
    }
    put_file(in_dir("all"), all.p, all.n);
    T_EQ_INT(count(in_dir("all"), &e), 17);
    T_CHECKF(!e.code, "%s", e.msg);
    buf_free(&all);
}

/* Fields that nobody set keep their bytes, even in unusual encodings. */
static void unknown_fields_keep_their_bytes(void)
{
    /* {"rlvr":1} then a record with a long-form int, a float32 that is
     * subnormal, a bin, a str8 key, a nested map, nil; no end record needed to
     * look at the first record */
    static const char head[] = "\x81\xa4rlvr\x01";
    static const char rec_bytes[] =
        "\x86\xd9\x01"
        "a\xcd\x00\x05\xa1"
        "b\xca\x00\x00\x00\x01\xa1"
        "c\xc4\x02\x00\xff\xa1"
        "d\x81\xa1x\xcf\x00\x00\x00\x00\x00\x00\x00\x01\xa1"
        "e\xc0\xa1"
        "f\xd3\x00\x00\x00\x00\x00\x00\x00\x02";
    struct buf b = {0}, out;
    struct rec_reader *r;
    struct rec_writer *w;
    struct rec *rec, *copy;
    struct err e = {0};
    const char *at;

    buf_put(&b, head, sizeof head - 1);
    buf_put(&b, rec_bytes, sizeof rec_bytes - 1);
    put_file(in_dir("u"), b.p, b.n);
    T_EQ_INT(rec_open(&r, in_dir("u"), &e), 0);
    T_EQ_INT(rec_read(r, &rec, &e), 1);
    rec_set_i64(rec, "new", 1);
    copy = rec_copy(rec);
    T_EQ_INT(rec_create(&w, in_dir("v"), REC_MSGPACK, &e), 0);
    T_EQ_INT(rec_header(w, "k", "t", r, &e), 0);
    T_EQ_INT(rec_write(w, rec, &e), 0);
    T_EQ_INT(rec_write(w, copy, &e), 0);
    T_EQ_INT(rec_commit(&w, &e), 0);
    rec_free(&copy);
    rec_close(&r);
    out = get_file(in_dir("v"));
    /* values from b's on, byte for byte, twice */
    at = memmem(out.p, out.n, rec_bytes + 7, sizeof rec_bytes - 8);
    T_CHECK(at);
    if (at)
        T_CHECK(memmem(at + 1, out.n - (size_t)(at + 1 - out.p), rec_bytes + 7,
                       sizeof rec_bytes - 8));
    T_CHECK(memmem(out.p, out.n, "a\xcd\x00\x05", 4));
    T_EQ_INT(count(in_dir("v"), &e), 2);
    buf_free(&b);
    buf_free(&out);
}

static void float32_keeps_its_bits(void)
{
    enum { N = 4096 };
    static float v[N];
    struct rec *rec = rec_new();
    struct rec_reader *r;
    struct rec_writer *w;
    struct err e = {0};
    struct rec_f32s got = {0};
    uint32_t x = 12345;

    for (int i = 0; i < N; i++) {
        do {
            x = x * 1664525u + 1013904223u;
            memcpy(&v[i], &x, 4);
        } while (!isfinite(v[i]));
    }
    v[0] = -0.0f;
    rec_set_f32s(rec, "a.b.c", v, N);
    for (int json = 0; json < 2; json++) {
        T_EQ_INT(rec_create(&w, in_dir("f"), json ? REC_JSON : REC_MSGPACK, &e),
                 0);
        T_EQ_INT(rec_header(w, "k", "t", NULL, &e), 0);
        T_EQ_INT(rec_write(w, rec, &e), 0);
        T_EQ_INT(rec_commit(&w, &e), 0);
        T_EQ_INT(rec_open(&r, in_dir("f"), &e), 0);
        struct rec *in;
        T_EQ_INT(rec_read(r, &in, &e), 1);
        T_EQ_INT(rec_get_f32s(in, "a.b.c", &got, &e), 1);
        T_CHECK(got.n == N && !memcmp(got.v, v, sizeof v));
        rec_close(&r);
    }
    rec_free(&rec);
}

/* A claim of a gigabyte in a few bytes costs no memory. */
static void huge_claims_allocate_nothing(void)
{
    static const struct {
        const char *bytes;
        size_t n;
    } claims[] = {
#define CLAIM(s) {s, sizeof s - 1}
        CLAIM("\x81\xa4rlvr\x01\x81\xa1s\xdb\x40\x00\x00\x00xyz"),
        CLAIM("\x81\xa4rlvr\x01\x81\xa1s\xc6\x40\x00\x00\x00xyz"),
        CLAIM("\x81\xa4rlvr\x01\x81\xa1s\xdd\x40\x00\x00\x00\x01\x02"),
        CLAIM("\x81\xa4rlvr\x01\x81\xa1s\xdf\x40\x00\x00\x00\x01\x02"),
        CLAIM("\x81\xa4rlvr\x01\xdf\x40\x00\x00\x00\x01\x02"),
        CLAIM("\xdf\xff\xff\xff\xff\xa4rlvr\x01"),
        CLAIM("\x81\xa4rlvr\x01\x81\xa1s\xdb\x03\xff\xff\x00xyz"),
        CLAIM("\x81\xa4rlvr\x01\x81\xa1s\xdd\x03\xff\xff\x00\x01"),
    };
    struct rusage before, after;
    struct err e;

    getrusage(RUSAGE_SELF, &before);
    for (size_t i = 0; i < sizeof claims / sizeof *claims; i++) {
        put_file(in_dir("h"), claims[i].bytes, claims[i].n);
        T_EQ_INT(count(in_dir("h"), &e), -ERR_DATA);
        T_CHECKF(strstr(e.msg, i < 6 ? "64 MiB" : "truncated"), "%s", e.msg);
    }
    getrusage(RUSAGE_SELF, &after);
    /* kilobytes */
    T_CHECK(after.ru_maxrss - before.ru_maxrss < 8192);
}

/* n keys, then that of number `again`, if it is not negative */
static int parse_keys(int n, int again)
{
    char b[2000], *p = b;
    struct rec *r = rec_new();
    struct err e = {0};
    int all = n + (again >= 0), bad;

    *p++ = (char)0xde;
    *p++ = 0;
    *p++ = (char)all;
    for (int i = 0; i < all; i++)
        p += sprintf(p, "%ck%03d%c", 0xa4, i < n ? i : again, 1);
    bad = rec_parse(r, b, (size_t)(p - b), &e);
    T_CHECK(!bad || strstr(e.msg, "stands twice"));
    rec_free(&r);
    return bad;
}

static void a_key_stands_once(void)
{
    static const int sizes[] = {1, 2, 31, 63, 64, 65, 120};

    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        T_EQ_INT(parse_keys(sizes[i], -1), 0);
        for (int k = 0; k < sizes[i]; k++)
            T_CHECK(parse_keys(sizes[i], k) != 0);
    }
}

static void bad_msgpack_is_refused(void)
{
    static const struct {
        const char *bytes;
        size_t n;
        const char *says;
    } bad[] = {
#define BAD(s, t) {s, sizeof s - 1, t}
        BAD("\x81\xa4rlvr\x02", "stream version 2"),
        BAD("\x81\xa1x\x01", "no \"rlvr\": 1"),
        BAD("\x80", "no \"rlvr\": 1"),
        BAD("\x81\xa4rlvr\x01\x93\x01\x02\x03", "record 1: found byte 0x93, "
                                                "expected a map"),
        BAD("\x81\xa4rlvr\x01\x82\xa1"
            "a\x01\xa1"
            "a\x02",
            "record 1: field 'a' stands twice"),
        BAD("\x81\xa4rlvr\x01\x81\xa1m\x82\xa1"
            "a\x01\xa1"
            "a\x02",
            "record 1: m: key 'a' stands twice"),
        BAD("\x81\xa4rlvr\x01\x81\xa1s\xa2\xff\x41", "s: is not valid UTF-8"),
        BAD("\x81\xa4rlvr\x01\x81\xa1s\x91\xa3\xed\xa0\x80",
            "s: is not valid UTF-8"),
        BAD("\x81\xa4rlvr\x01\x81\xa2\xc0\xaf\x01", "not valid UTF-8"),
        BAD("\x81\xa4rlvr\x01\x81\x05\x01", "name is int, expected str"),
        BAD("\x81\xa4rlvr\x01\x81\xa1m\x81\x05\x01", "map key is int"),
        BAD("\x81\xa4rlvr\x01\x81\xa1x\xd4\x01\x02", "ext type"),
        BAD("\x81\xa4rlvr\x01\x81\xa1x\xc1", "0xc1"),
        BAD("\x81\xa4rlvr\x01\x82\xa3"
            "end\x01\xa7records\x00",
            "damaged end record"),
        BAD("\x81\xa4rlvr\x01\x83\xa3"
            "end\x01\xa7records\x01\xa8"
            "checksum\x00",
            "the end record counts 1 records, 0 were read"),
        BAD("\x82\xa4rlvr\x01\xa7made_by\x05", "made_by: found int"),
    };
    char deep[80] = "\x81\xa4rlvr\x01\x81\xa1"
                    "d";
    struct err e;

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        put_file(in_dir("b"), bad[i].bytes, bad[i].n);
        memset(&e, 0, sizeof e);
        T_EQ_INT(count(in_dir("b"), &e), -ERR_DATA);
        T_CHECKF(strstr(e.msg, bad[i].says), "%s", e.msg);
    }
    for (int depth = 28; depth <= 31; depth++) {
        memset(deep + 10, 0x91, (size_t)depth);
        deep[10 + depth] = 1;
        put_file(in_dir("b"), deep, 11 + (size_t)depth);
        T_EQ_INT(count(in_dir("b"), &e), -ERR_DATA);
        T_CHECKF(
            strstr(e.msg, depth <= 29 ? "truncated: 1 record read" : "deeper"),
            "%d: %s", depth, e.msg);
    }
}

static void json_lines_are_strict(void)
{
    static const struct {
        const char *text, *says;
    } bad[] = {
        {"{\"a\":1}\n{\"a\":}\n", "line 2, column 6: "},
        {"{\"a\":1}\n\n\r\n[1]\n", "line 4, column 1: found an array"},
        {"{\"a\":1}{\"a\":2}\n", "line 1, column 8: "},
        {"{\"a\":1,\"a\":2}\n", "line 1, column 10: duplicate"},
        {"{\"a\":\"\\ud800\"}\n", "line 1, column "},
        {"{\"a\":\"\xff\"}\n", "line 1, column "},
        {"\xef\xbb\xbf{\"a\":1}\n", "byte order mark"},
        {"hello\n", "line 1, column "},
        {"\n\n", "empty input, no records"},
        {"", "empty input, no records"},
        {"(", "line 1, column "},
        {"P", "line 1, column "},
    };
    struct err e;

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        put_file(in_dir("l"), bad[i].text, strlen(bad[i].text));
        memset(&e, 0, sizeof e);
        T_EQ_INT(count(in_dir("l"), &e), -ERR_DATA);
        T_CHECKF(strstr(e.msg, bad[i].says), "%zu: %s", i, e.msg);
    }
    put_file(in_dir("l"), "{\"a\":[18446744073709551616]}", 28);
    T_EQ_INT(count(in_dir("l"), &e), -ERR_DATA);
    T_CHECKF(strstr(e.msg, "line 1, column "), "%s", e.msg);
    put_file(in_dir("l"), "{\"a\":\"x\0y\"}\n", 12);
    T_EQ_INT(count(in_dir("l"), &e), -ERR_DATA);
    put_file(in_dir("l"), "{\"a\":1}\r\n{\"a\":2}", 16);
    T_EQ_INT(count(in_dir("l"), &e), 2);
}

static void json_round_trip_keeps_text(void)
{
    static const char rows[] =
        "{\"id\":\"x\\u0000y\\\"\\\\\",\"n\":null,\"f\":0.1,\"g\":3.0,"
        "\"i\":-9223372036854775808,"
        "\"w\":[1,1.5,18446744073709551615,\"9999999999999999999\\\\\","
        "9223372036854775808,100000.0],\"m\":{\"a\":[],\"b\":{}},"
        "\"t\":[true,false],\"u\":\"\xe8\xae\xa1\"}\n{\"a\":1}\n";
    struct rec_reader *r;
    struct rec_writer *w;
    struct rec *rec;
    struct err e = {0};
    struct buf b;
    const char *step[] = {"r1", "r2", "r3"};

    put_file(in_dir("r1"), rows, sizeof rows - 1);
    for (int i = 0; i < 2; i++) {
        T_EQ_INT(rec_open(&r, in_dir(step[i]), &e), 0);
        T_EQ_INT(
            rec_create(&w, in_dir(step[i + 1]), i ? REC_JSON : REC_MSGPACK, &e),
            0);
        T_EQ_INT(rec_header(w, "k", "t", r, &e), 0);
        while (rec_read(r, &rec, &e) > 0)
            T_EQ_INT(rec_write(w, rec, &e), 0);
        T_EQ_INT(rec_commit(&w, &e), 0);
        rec_close(&r);
    }
    T_CHECKF(!e.code, "%s", e.msg);
    b = get_file(in_dir("r3"));
    T_CHECK(b.n == sizeof rows - 1 && !memcmp(b.p, rows, b.n));
    buf_free(&b);
}

static void what_a_reader_refuses_is_not_written(void)
{
    struct rec_writer *w;
    struct rec *rec = rec_new();
    struct err e = {0};

    T_EQ_INT(rec_create(&w, in_dir("n"), REC_MSGPACK, &e), 0);
    T_CHECK(rec_write(w, rec, &e) < 0);
    T_EQ_INT(rec_header(w, "k", "t", NULL, &e), 0);
    T_CHECK(rec_header(w, "k", "t", NULL, &e) < 0);
    rec_set_str(rec, "s.t", "\xff", 1);
    T_EQ_INT(rec_write(w, rec, &e), -ERR_DATA);
    T_CHECKF(strstr(e.msg, "/n: record 1: s.t: is not valid UTF-8"), "%s",
             e.msg);
    rec_clear(rec);
    rec_set_i64(rec, "end", 1);
    T_EQ_INT(rec_write(w, rec, &e), -ERR_DATA);
    rec_clear(rec);
    rec_set_f64(rec, "a.b.c", -(double)INFINITY);
    T_EQ_INT(rec_write(w, rec, &e), -ERR_DATA);
    T_CHECKF(strstr(e.msg, "record 1: a.b.c: found -inf"), "%s", e.msg);
    rec_set_f32s(rec, "a.b.c", (float[]){0, FLT_MAX, (float)NAN}, 3);
    T_EQ_INT(rec_write(w, rec, &e), -ERR_DATA);
    T_CHECKF(strstr(e.msg, "record 1: a.b.c[2]: found nan"), "%s", e.msg);
    rec_abort(&w);
    T_CHECK(!w && !file_exists(in_dir("n")));
    T_EQ_INT(rec_create(&w, in_dir("n"), REC_JSON, &e), 0);
    T_EQ_INT(rec_header(w, "k", "t", NULL, &e), 0);
    rec_clear(rec);
    rec_set_f64(rec, "x", (double)NAN);
    T_EQ_INT(rec_write(w, rec, &e), -ERR_DATA);
    T_CHECKF(strstr(e.msg, "/n: record 1: x: found nan, expected a finite "
                           "number"),
             "%s", e.msg);
    rec_abort(&w);
    rec_free(&rec);
}

static void inner_fields_are_set_and_unset(void)
{
    struct rec *r = rec_new(), *c;
    struct rec_str choices[2] = {{"a", 1}, {"b", 1}};

    rec_set_i64(r, "kl.k1", 1);
    rec_set_i64(r, "kl.k2", 2);
    rec_set_i64(r, "x", 3);
    rec_set_i64(r, "kl.k1", -4);
    rec_set_i64(r, "x.y.z", 5);
    rec_set_strs(r, "choices", choices, 2);
    T_EQ_STR(rec_json(r, "kl"), "{\"k1\":-4,\"k2\":2}");
    T_EQ_STR(rec_json(r, "x"), "{\"y\":{\"z\":5}}");
    rec_unset(r, "kl.k1");
    rec_unset(r, "kl.nothing");
    rec_unset(r, "nothing.at.all");
    T_EQ_STR(rec_json(r, "kl"), "{\"k2\":2}");
    c = rec_copy(r);
    rec_unset(r, "x");
    T_EQ_INT((long)r->n, 2);
    T_EQ_STR(rec_json(c, "x.y.z"), "5");
    T_EQ_STR(rec_json(c, "choices"), "[\"a\",\"b\"]");
    rec_free(&c);
    rec_free(&r);
    T_CHECK(!r);
}

static void made_by_grows(void)
{
    struct rec_reader *r;
    struct rec_writer *w;
    struct err e = {0};

    write_stream(in_dir("m1"), 1, REC_MSGPACK);
    T_EQ_INT(rec_open(&r, in_dir("m1"), &e), 0);
    T_EQ_INT(rec_create(&w, in_dir("m2"), REC_MSGPACK, &e), 0);
    rec_made_by(w, "arm", "bf16");
    T_EQ_INT(rec_header(w, "scored", "kl", r, &e), 0);
    T_EQ_INT(rec_commit(&w, &e), 0);
    rec_close(&r);
    T_EQ_INT(rec_open(&r, in_dir("m2"), &e), 0);
    T_EQ_STR(rec_header_json(r),
             "{\"rlvr\":1,\"kind\":\"scored\","
             "\"made_by\":[{\"tool\":\"test\",\"seed\":\"7\"},"
             "{\"tool\":\"kl\",\"arm\":\"bf16\"}]}");
    rec_close(&r);
}

static void a_key_of_made_by_stands_once(void)
{
    const char *const key[3] = {"seed", "step", "tool"};

    for (int i = 0; i < 3; i++) {
        struct rec_writer *w;
        struct err e = {0};

        T_EQ_INT(rec_create(&w, in_dir("twice"), REC_MSGPACK, &e), 0);
        rec_made_by(w, "seed", "1");
        rec_made_by(w, key[i], "2");
        /* only step is new: tool is the program's own */
        T_EQ_INT(rec_header(w, "rollouts", "t", NULL, &e),
                 i == 1 ? 0 : -ERR_USAGE);
        rec_abort(&w);
    }
}

int main(void)
{
    dir = getenv("T");
    if (!dir) {
        T_SKIP("record_stream", "no T");
        return 0;
    }
    T_RUN(what_was_set_is_read);
    T_RUN(wrong_types_are_named);
    T_RUN(an_integer_is_text_where_text_is_asked_for);
    T_RUN(nan_is_refused_where_a_number_belongs);
    T_RUN(a_cut_at_any_byte_is_seen);
    T_RUN(a_cut_of_zstd_at_any_byte_is_seen);
    T_RUN(gzip_is_read_whatever_its_name_and_members);
    T_RUN(a_cut_of_gzip_at_any_byte_is_seen);
    T_RUN(a_changed_byte_of_gzip_is_seen);
    T_RUN(a_changed_byte_is_seen);
    T_RUN(streams_are_concatenated);
    T_RUN(unknown_fields_keep_their_bytes);
    T_RUN(float32_keeps_its_bits);
    T_RUN(huge_claims_allocate_nothing);
    T_RUN(a_key_stands_once);
    T_RUN(bad_msgpack_is_refused);
    T_RUN(json_lines_are_strict);
    T_RUN(json_round_trip_keeps_text);
    T_RUN(what_a_reader_refuses_is_not_written);
    T_RUN(inner_fields_are_set_and_unset);
    T_RUN(made_by_grows);
    T_RUN(a_key_of_made_by_stands_once);
    T_DONE();
}
