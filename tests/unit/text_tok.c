/* text_tok - ids and texts as Hugging Face tokenizers has them
 *
 * Fixtures: tests/golden/text, written by make_tokens.py there. The qwen2
 * column needs the tokenizer itself: tests/parity/tokenizer.sh.
 */
#include <jansson.h>
#include "../../lib/base/arena.h"
#include "../../lib/base/file.h"
#include "../../lib/base/json.h"
#include "../../lib/base/rng.h"
#include "../../lib/text/tok_impl.h"
#include "t.h"

#define DIR "tests/golden/text/"

static struct tok *open_tiny(int flags)
{
    struct filemap m = {0};
    struct tok *t = NULL;
    struct err e = {0};

    if (file_map(&m, DIR "tokenizer.json", &e) ||
        tok_open_text(&t, (const char *)m.data, m.size, "tiny", flags, &e))
        t_fail(__FILE__, __LINE__, "%s", e.msg);
    file_unmap(&m);
    return t;
}

static void check_ids(struct tok *t, const json_t *text, int specials,
                      const json_t *want, const char *what)
{
    struct tok_ids ids = {0};
    struct err e = {0};
    const char *s = json_string_value(text);
    size_t n = json_array_size(want);

    T_CHECKF(!tok_encode(t, s, json_string_length(text), specials, &ids, &e),
             "%s: %s: %s", what, s, e.msg);
    T_CHECKF(ids.n == n, "%s: \"%s\": %zu ids, expected %zu", what, s, ids.n,
             n);
    for (size_t i = 0; i < n && i < ids.n; i++)
        T_CHECKF(ids.v[i] == json_integer_value(json_array_get(want, i)),
                 "%s: \"%s\": id %zu is %d", what, s, i, (int)ids.v[i]);
    tok_ids_free(&ids);
}

/* Calls fn for each line of a fixture, parsed. */
static void each_line(const char *path, void (*fn)(const json_t *, void *),
                      void *ctx)
{
    struct filemap m = {0};
    struct err e = {0};
    const char *p, *end;
    int lines = 0;

    if (file_map(&m, path, &e)) {
        t_fail(__FILE__, __LINE__, "%s", e.msg);
        return;
    }
    for (p = (const char *)m.data, end = p + m.size; p < end; lines++) {
        const char *nl = memchr(p, '\n', (size_t)(end - p));
        size_t n = (size_t)((nl ? nl : end) - p);
        json_t *j = json_loadb(p, n, JSON_ALLOW_NUL, NULL);

        T_CHECKF(j != NULL, "%s: line %d", path, lines + 1);
        fn(j, ctx);
        json_decref(j);
        p += n + 1;
    }
    T_CHECKF(lines > 9, "%s: %d lines", path, lines);
    file_unmap(&m);
}

static void one_string(const json_t *row, void *ctx)
{
    check_ids(ctx, json_object_get(row, "text"),
              json_is_true(json_object_get(row, "specials")),
              json_object_get(row, "tiny"), "tokens.jsonl");
}

static void hard_strings_have_the_library_s_ids(void)
{
    struct tok *t = open_tiny(0);

    each_line(DIR "tokens.jsonl", one_string, t);
    T_CHECK(split_is_fast(t->split[0]));
    tok_close(&t);
}

static void pcre2_splits_as_the_hand_written_code(void)
{
    struct tok *t = open_tiny(TOK_FORCE_REGEX);

    T_CHECK(!split_is_fast(t->split[0]));
    each_line(DIR "tokens.jsonl", one_string, t);
    tok_close(&t);
}

static void one_variant(const json_t *row, void *ctx)
{
    struct err e = {0};
    json_t *base = json_load_file(DIR "tokenizer.json", 0, NULL), *patch;
    const json_t *cases = json_object_get(row, "cases"), *c;
    const char *name = json_string_value(json_object_get(row, "name"));
    struct tok *t;
    size_t i;
    char *text;

    patch = json_deep_copy(json_object_get(row, "patch"));
    if (json_object_get(patch, "model")) {
        json_object_update(json_object_get(base, "model"),
                           json_object_get(patch, "model"));
        json_object_del(patch, "model");
    }
    json_object_update(base, patch);
    text = json_dumps(base, 0);
    if (tok_open_text(&t, text, strlen(text), name, *(int *)ctx, &e))
        t_fail(__FILE__, __LINE__, "%s", e.msg);
    else
        json_array_foreach(cases, i, c)
            check_ids(t, json_array_get(c, 0),
                      (int)json_integer_value(json_array_get(c, 1)),
                      json_array_get(c, 2), name);
    tok_close(&t);
    free(text);
    json_decref(patch);
    json_decref(base);
}

static void other_features_have_the_library_s_ids(void)
{
    int flags = 0;

    each_line(DIR "variants.jsonl", one_variant, &flags);
    flags = TOK_FORCE_REGEX;
    each_line(DIR "variants.jsonl", one_variant, &flags);
}

/* ---- long runs, the cache, decoding -------------------------------------- */

/* Merges by the definition: lowest rank, leftmost, one at a time. */
static size_t merge_slowly(const struct tok *t, const char *s, size_t n,
                           int32_t *id)
{
    for (size_t i = 0; i < n; i++)
        id[i] = t->v.byte_id[(unsigned char)s[i]];
    for (;;) {
        const struct vocab_pair *best = NULL;
        size_t at = 0;

        for (size_t i = 0; i + 1 < n; i++) {
            const struct vocab_pair *p = vocab_pair_get(&t->v, id[i],
                                                        id[i + 1]);

            if (p && (!best || p->rank < best->rank)) {
                best = p;
                at = i;
            }
        }
        if (!best)
            return n;
        id[at] = best->id;
        n--;
        memmove(id + at + 1, id + at + 2, (n - at - 1) * sizeof *id);
    }
}

static void pieces_of_every_length_merge_alike(void)
{
    static const size_t lengths[] = {1,  2,  8,  9,  16, 17, 23,
                                     24, 25, 33, 95, 96, 97, 300};
    struct tok *t = open_tiny(0);
    struct rng r;
    struct err e = {0};
    char s[300];
    int32_t want[300];

    rng_init(&r, 1, 0);
    for (int round = 0; round < 40; round++)
        for (size_t k = 0; k < sizeof lengths / sizeof *lengths; k++) {
            struct tok_ids ids = {0};
            size_t n = lengths[k], m;

            for (size_t i = 0; i < n; i++)
                s[i] = "abcdeinorstu"[rng_below(&r, 12)];
            m = merge_slowly(t, s, n, want);
            for (int again = 0; again < 2; again++) { /* cold, then cached */
                ids.n = 0;
                T_CHECK(!tok_encode(t, s, n, 0, &ids, &e));
                T_EQ_INT(ids.n, m);
                T_CHECK(ids.n == m && !memcmp(ids.v, want, m * sizeof *want));
            }
            tok_ids_free(&ids);
        }
    tok_close(&t);
}

static void a_megabyte_without_spaces_is_no_trouble(void)
{
    struct tok *t = open_tiny(0);
    struct tok_ids ids = {0};
    struct err e = {0};
    size_t n = 1 << 20, k;
    char *s = xmalloc(n), *back;

    for (size_t i = 0; i < n; i++)
        s[i] = "the coins"[i % 9 == 3 ? 0 : i % 9];
    T_CHECK(!tok_encode(t, s, n, 0, &ids, &e));
    T_CHECK(!tok_decode(t, ids.v, ids.n, 0, &back, &k, &e));
    T_CHECK(k == n && !memcmp(s, back, n));
    free(back);
    /* combining marks in the worst order, spaces, line ends */
    for (size_t i = 0; i + 1 < n; i += 2)
        memcpy(s + i, i / 2 % 2 ? "\xcc\x80" : "\xcc\xb8", 2);
    T_CHECK(!tok_encode(t, s, n, 0, &ids, &e));
    memset(s, ' ', n);
    T_CHECK(!tok_encode(t, s, n, 0, &ids, &e));
    memset(s, '\n', n);
    T_CHECK(!tok_encode(t, s, n, 0, &ids, &e));
    free(s);
    tok_ids_free(&ids);
    tok_close(&t);
}

static void invalid_utf8_is_an_error_with_its_place(void)
{
    static const struct {
        const char *text;
        size_t n, at;
    } bad[] = {{"ab\x80"
                "c",
                4, 2},
               {"\xc0\xaf", 2, 0},
               {"x\xed\xa0\x80", 4, 1},
               {"\xf4\x90\x80\x80", 4, 0},
               {"12345678\xe4\xbd", 10, 8},
               {"\xff", 1, 0}};
    struct tok *t = open_tiny(0);

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct tok_ids ids = {0};
        struct err e = {0};
        char want[64];

        snprintf(want, sizeof want, "not UTF-8 at byte %zu ", bad[i].at);
        T_EQ_INT(tok_encode(t, bad[i].text, bad[i].n, 1, &ids, &e), -ERR_DATA);
        T_CHECKF(!strncmp(e.msg, want, strlen(want)), "%s", e.msg);
        T_EQ_INT(ids.n, 0);
        tok_ids_free(&ids);
    }
    tok_close(&t);
}

static void broken_bytes_decode_to_replacement_characters(void)
{
    /* bytes, and what Rust's from_utf8_lossy makes of them */
    static const struct {
        const char *bytes, *text;
    } cases[] = {
        {"a\xe4\xbd\xa0", "a\xe4\xbd\xa0"},
        {"\xe4\xbd", "\xef\xbf\xbd"},
        {"\xe4\xbd"
         "a",
         "\xef\xbf\xbd"
         "a"},
        {"\x80\x80", "\xef\xbf\xbd\xef\xbf\xbd"},
        {"\xf0\x9f\x98", "\xef\xbf\xbd"},
        {"\xf0\x9f\xf0\x9f\x98\x80", "\xef\xbf\xbd\xf0\x9f\x98\x80"},
        {"\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
        {"\xc0\xaf", "\xef\xbf\xbd\xef\xbf\xbd"},
        {"\xf5z", "\xef\xbf\xbdz"},
    };
    struct tok *t = open_tiny(0);

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int32_t ids[16];
        struct err e = {0};
        size_t n = strlen(cases[i].bytes), k, len = 0;
        struct tok_stream s = {.t = t};
        char *text, out[64];
        const char *p;

        for (size_t j = 0; j < n; j++) {
            ids[j] = t->v.byte_id[(unsigned char)cases[i].bytes[j]];
            p = tok_stream_push(&s, ids[j], &k);
            memcpy(out + len, p, k);
            len += k;
        }
        p = tok_stream_end(&s, &k);
        memcpy(out + len, p, k);
        out[len + k] = '\0';
        T_EQ_STR(out, cases[i].text);
        T_CHECK(!tok_decode(t, ids, n, 0, &text, &k, &e));
        T_EQ_STR(text, cases[i].text);
        T_EQ_INT(k, strlen(cases[i].text));
        free(text);
        tok_stream_free(&s);
    }
    tok_close(&t);
}

static void a_stream_gives_whole_characters_at_once(void)
{
    struct tok *t = open_tiny(0);
    struct tok_stream s = {.t = t};
    size_t n;

    tok_stream_push(&s, t->v.byte_id[0xe4], &n);
    T_EQ_INT(n, 0);
    tok_stream_push(&s, t->v.byte_id[0xbd], &n);
    T_EQ_INT(n, 0);
    T_CHECK(!memcmp(tok_stream_push(&s, t->v.byte_id[0xa0], &n), "\xe4\xbd\xa0",
                    3) &&
            n == 3);
    tok_stream_end(&s, &n);
    T_EQ_INT(n, 0);
    tok_stream_free(&s);
    tok_close(&t);
}

static void special_unknown_and_negative_ids_decode_as_told(void)
{
    struct tok *t = open_tiny(0);
    int32_t end = tok_id(t, "<|endoftext|>"), ids[4] = {end, 0, 1000000, 1};
    struct err e = {0};
    char *text;
    size_t n;

    ids[1] = tok_id(t, "a");
    ids[3] = tok_id(t, "\xc4\xa0"); /* the alphabet's space */
    T_EQ_INT(end, tok_vocab(t) - 1);
    T_CHECK(tok_is_special(t, end) && !tok_is_special(t, ids[1]));
    T_EQ_INT(tok_id(t, "no such token"), -1);
    T_CHECK(!tok_decode(t, ids, 4, 0, &text, &n, &e));
    T_EQ_STR(text, "<|endoftext|>a ");
    free(text);
    T_CHECK(!tok_decode(t, ids, 4, 1, &text, &n, &e));
    T_EQ_STR(text, "a ");
    free(text);
    T_CHECK(!tok_bytes(t, 1000000, &n) && n == 0 && !tok_bytes(t, -1, &n));
    ids[2] = -5;
    T_EQ_INT(tok_decode(t, ids, 4, 1, &text, &n, &e), -ERR_DATA);
    T_EQ_STR(e.msg, "token 2: id -5 is negative");
    tok_close(&t);
}

int main(void)
{
    T_RUN(hard_strings_have_the_library_s_ids);
    T_RUN(pcre2_splits_as_the_hand_written_code);
    T_RUN(other_features_have_the_library_s_ids);
    T_RUN(pieces_of_every_length_merge_alike);
    T_RUN(a_megabyte_without_spaces_is_no_trouble);
    T_RUN(invalid_utf8_is_an_error_with_its_place);
    T_RUN(broken_bytes_decode_to_replacement_characters);
    T_RUN(a_stream_gives_whole_characters_at_once);
    T_RUN(special_unknown_and_negative_ids_decode_as_told);
    T_DONE();
}
