/* text_shapes - the ids of tokenizers in the shapes of well-known ones
 *
 * Fixtures: tests/golden/tok, small tokenizers and hard strings with the ids
 * of Hugging Face tokenizers (shapes.py there).
 */
#include <jansson.h>
#include "../../lib/base/file.h"
#include "../../lib/text/tok_impl.h"
#include "t.h"

static const struct {
    const char *name;
    int fast; /* is every split hand-written code? */
} shape[] = {
    {"llama3", 1},         {"smollm2", 1}, {"qwen3", 1},       {"deepseek", 1},
    {"deepseek-coder", 0}, {"gpt2", 1},    {"gpt2-prefix", 1}, {"tekken", 1},
    {"o200k", 1},          {"phi4", 1},    {"behaviors", 0},   {"flags", 1},
};

static struct tok *open_shape(const char *name, int flags)
{
    char path[256];
    struct filemap m = {0};
    struct tok *t = NULL;
    struct err e = {0};

    snprintf(path, sizeof path, "tests/golden/tok/%s.json", name);
    if (file_map(&m, path, &e) ||
        tok_open_text(&t, (const char *)m.data, m.size, name, flags, &e))
        t_fail(__FILE__, __LINE__, "%s", e.msg);
    file_unmap(&m);
    return t;
}

/* [text, specials parsed, ids] */
static void check_row(struct tok *t, const char *name, const json_t *row)
{
    const json_t *text = json_array_get(row, 0), *want = json_array_get(row, 2);
    const char *s = json_string_value(text);
    struct tok_ids ids = {0};
    struct err e = {0};
    size_t n = json_array_size(want);

    T_CHECKF(!tok_encode(t, s, json_string_length(text),
                         (int)json_integer_value(json_array_get(row, 1)), &ids,
                         &e),
             "%s: \"%s\": %s", name, s, e.msg);
    tok_put_begin(t, &ids);
    T_CHECKF(ids.n == n, "%s: \"%s\": %zu ids, expected %zu", name, s, ids.n,
             n);
    for (size_t i = 0; i < n && i < ids.n; i++)
        T_CHECKF(ids.v[i] == json_integer_value(json_array_get(want, i)),
                 "%s: \"%s\": id %zu is %d", name, s, i, (int)ids.v[i]);
    tok_ids_free(&ids);
}

static void check_shape(const char *name, int flags, int fast)
{
    char path[256];
    struct filemap m = {0};
    struct err e = {0};
    struct tok *t = open_shape(name, flags);
    int rows = 0, all = 1;

    snprintf(path, sizeof path, "tests/golden/tok/%s.jsonl", name);
    if (!t || file_map(&m, path, &e)) {
        t_fail(__FILE__, __LINE__, "%s", e.msg);
        return;
    }
    for (const char *p = (const char *)m.data, *end = p + m.size; p < end;
         rows++) {
        const char *nl = memchr(p, '\n', (size_t)(end - p));
        size_t n = (size_t)((nl ? nl : end) - p);
        json_t *row = json_loadb(p, n, JSON_ALLOW_NUL, NULL);

        T_CHECKF(row != NULL, "%s: line %d", path, rows + 1);
        check_row(t, name, row);
        json_decref(row);
        p += n + 1;
    }
    T_CHECKF(rows > 200, "%s: %d rows", path, rows);
    for (int i = 0; i < t->n_splits; i++)
        all &= split_is_fast(t->split[i]);
    T_CHECKF(all == fast, "%s: %d", name, all);
    file_unmap(&m);
    tok_close(&t);
}

static void every_shape_has_the_library_s_ids(void)
{
    for (size_t i = 0; i < sizeof shape / sizeof *shape; i++)
        check_shape(shape[i].name, 0, shape[i].fast);
}

static void pcre2_cuts_every_shape_as_the_hand_written_code(void)
{
    for (size_t i = 0; i < sizeof shape / sizeof *shape; i++)
        check_shape(shape[i].name, TOK_FORCE_REGEX, 0);
}

static void a_begin_token_is_never_there_twice(void)
{
    struct tok *t = open_shape("llama3", 0);
    struct tok_ids ids = {0};
    struct err e = {0};
    int32_t begin = tok_id(t, "<|begin_of_text|>");

    T_CHECK(!tok_encode(t, "<|begin_of_text|>a", 18, 1, &ids, &e));
    T_EQ_INT(ids.n, 2);
    tok_put_begin(t, &ids);
    T_EQ_INT(ids.n, 2);
    T_EQ_INT(ids.v[0], begin);
    ids.n = 0;
    tok_put_begin(t, &ids); /* an empty text has one too */
    T_EQ_INT(ids.n, 1);
    T_EQ_INT(ids.v[0], begin);
    tok_ids_free(&ids);
    tok_close(&t);
    t = open_shape("gpt2", 0);
    tok_put_begin(t, &ids);
    T_EQ_INT(ids.n, 0);
    T_EQ_STR(tok_note(t),
             "gpt2: padding and truncation are ignored, as in transformers");
    tok_ids_free(&ids);
    tok_close(&t);
}

/* Special tokens that are looked for in normalized text count only in parts
 * that say so, though normalizing moves their bytes. */
static void normalized_special_tokens_keep_to_their_parts(void)
{
    static const char special[] = "<00011>"; /* normalized and special */
    struct tok *t = open_shape("flags", 0);
    int32_t id = tok_id(t, special);
    struct err e = {0};

    T_CHECK(id >= 0 && tok_is_special(t, id));
    for (int which = 0; which < 3; which++)
        for (int accents = 0; accents < 8; accents++) {
            struct tok_part part[6];
            struct tok_ids ids = {0};
            int n = 0, found = 0;

            for (int i = 0; i < 3; i++) {
                /* e and an accent: three bytes that become two */
                part[n++] = (struct tok_part){
                    "e\xcc\x81q", accents >> i & 1 ? 4 : 0, i == which};
                part[n++] = (struct tok_part){special, 7, i == which};
            }
            T_CHECK(!tok_encode_parts(t, part, (size_t)n, &ids, &e));
            for (size_t i = 0; i < ids.n; i++)
                found += ids.v[i] == id;
            T_CHECKF(found == 1, "part %d, accents %d: %d", which, accents,
                     found);
            tok_ids_free(&ids);
        }
    tok_close(&t);
}

int main(void)
{
    T_RUN(every_shape_has_the_library_s_ids);
    T_RUN(pcre2_cuts_every_shape_as_the_hand_written_code);
    T_RUN(a_begin_token_is_never_there_twice);
    T_RUN(normalized_special_tokens_keep_to_their_parts);
    T_DONE();
}
