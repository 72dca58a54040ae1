/* text_load - what a tokenizer.json may not say is refused by name */
#include <jansson.h>
#include <sys/stat.h>
#include "../../lib/base/arena.h"
#include "../../lib/base/buf.h"
#include "../../lib/base/file.h"
#include "../../lib/text/tok_impl.h"
#include "t.h"

#define TINY "tests/golden/text/tokenizer.json"

static char *tiny; /* the file */
static size_t n_tiny;

static void expect(const char *text, size_t n, const char *want)
{
    struct tok *t;
    struct err e = {0};
    int r = tok_open_text(&t, text, n, "t", 0, &e);

    T_CHECKF(r == -ERR_DATA && !t, "accepted; expected: %s", want);
    T_CHECKF(strstr(e.msg, want), "\"%s\" lacks \"%s\"", e.msg, want);
    tok_close(&t);
}

#define TEXT(s) s, sizeof s - 1

/* The file with the first `from` replaced. */
static char *replaced(const char *from, const char *to, size_t *n)
{
    const char *at = strstr(tiny, from);
    struct buf b = {0};

    if (!at) {
        t_fail(__FILE__, __LINE__, "no %s in the fixture", from);
        at = tiny;
    }
    buf_put(&b, tiny, (size_t)(at - tiny));
    buf_puts(&b, to);
    buf_puts(&b, at + strlen(from));
    *n = b.n;
    return buf_str(&b);
}

static void refuses(const char *from, const char *to, const char *want)
{
    size_t n;
    char *text = replaced(from, to, &n);

    expect(text, n, want);
    free(text);
}

static void accepts(const char *from, const char *to)
{
    struct tok *t;
    struct err e = {0};
    size_t n;
    char *text = replaced(from, to, &n);

    T_CHECKF(!tok_open_text(&t, text, n, "t", 0, &e), "%s: %s", to, e.msg);
    tok_close(&t);
    free(text);
}

static void features_we_lack_are_refused_by_name(void)
{
    refuses("\"NFC\"", "\"Lowercase\"",
            "t: normalizer.type \"Lowercase\" is not supported");
    refuses("\"padding\"", "\"surprise\"", "t: surprise is not supported");
    refuses("\"dropout\": null", "\"dropout\": 0.1", "model.dropout 0.1");
    refuses("\"end_of_word_suffix\": \"\"", "\"end_of_word_suffix\": \"</w>\"",
            "model.end_of_word_suffix \"</w>\"");
    refuses("\"type\": \"BPE\"", "\"type\": \"Unigram\"",
            "t: model.type Unigram: a sentencepiece tokenizer: only byte-level "
            "BPE is read; a model whose tokenizer is one helps");
    refuses("\"fuse_unk\"", "\"fuse\"", "model.fuse is not supported");
    refuses("\"Isolated\"", "\"Mixed\"", "pre_tokenizer.behavior \"Mixed\"");
    refuses("\"invert\": false", "\"invert\": 1",
            "pre_tokenizer.invert: expected true or false");
    refuses("\"Regex\"", "\"Text\"", "pre_tokenizer.pattern {\"Text\"");
    refuses("\"type\": \"Split\"", "\"type\": \"Whitespace\"",
            "pre_tokenizer.type \"Whitespace\"");
    refuses("\"type\": \"Split\"", "\"type\": \"ByteLevel\"",
            "pre_tokenizer.type \"ByteLevel\"");
    refuses("\"decoder\"", "\"decoder\": null, \"x\"", "x is not supported");
}

static void other_kinds_of_tokenizers_are_called_by_name(void)
{
    refuses("\"type\": \"BPE\"", "\"type\": \"WordPiece\"",
            "model.type WordPiece: BERT's tokenizer: only byte-level");
    refuses("\"type\": \"BPE\"", "\"type\": \"WordLevel\"",
            "model.type WordLevel: one token a word: only byte-level");
    refuses("\"vocab\": {", "\"vocab\": [[\"a\", -1.5]], \"x\": {",
            "model.vocab is a list of scores: Unigram");
    refuses("\"type\": \"Split\"", "\"type\": \"Metaspace\"",
            "pre_tokenizer Metaspace: a sentencepiece tokenizer: only byte-");
    refuses("\"NFC\"", "\"Prepend\"",
            "normalizer: a sentencepiece BPE's: only byte-level");
    /* Llama 2, Mistral 7B, Gemma: merges of characters, bytes as <0x0A> */
    expect(TEXT("{\"model\": {\"type\": \"BPE\", \"byte_fallback\": true, "
                "\"vocab\": {\"\xe2\x96\x81\": 0, \"a\": 1, "
                "\"\xe2\x96\x81"
                "a\": 2}, \"merges\": "
                "[[\"\xe2\x96\x81\", \"a\"]]}}"),
           "model.byte_fallback with merges of characters: a sentencepiece "
           "BPE: only byte-level BPE is read");
    expect(TEXT("{\"model\": {\"type\": \"BPE\", \"byte_fallback\": true, "
                "\"vocab\": {\"a\": 0}, \"merges\": []}}"),
           "model.byte_fallback: a sentencepiece BPE: only byte-level");
}

static void what_the_template_puts_before_a_text_is_checked(void)
{
#define POST(single, ids)                                                         \
    "\"post_processor\": {\"type\": \"TemplateProcessing\", \"single\": [" single \
    "], \"pair\": [], \"special_tokens\": {\"B\": {\"id\": \"B\", "               \
    "\"ids\": [" ids "], \"tokens\": [\"B\"]}}}"
#define BEGIN "{\"SpecialToken\": {\"id\": \"B\", \"type_id\": 0}}"
#define A "{\"Sequence\": {\"id\": \"A\", \"type_id\": 0}}"
    static const char post[] =
        "\"post_processor\": {\n  \"type\": \"ByteLevel\",\n  "
        "\"add_prefix_space\": false,\n  \"trim_offsets\": false,\n  "
        "\"use_regex\": false\n }";

    refuses(post, POST(BEGIN ", " A ", " BEGIN, "5"),
            "t: post_processor.single {\"SpecialToken\":");
    refuses(post, POST(A ", " A, "5"), "post_processor.single {\"Sequence\":");
    refuses(post, POST(BEGIN, "5"), "post_processor.single [");
    refuses(post, POST(BEGIN ", " A, "-5"), "\"B\": an id outside [0, ");
    refuses(post, POST(BEGIN ", " A, "1,2,3,4,5,6,7,8,9"), "more than 8 ids");
    refuses(post, "\"post_processor\": {\"type\": \"BertProcessing\"}",
            "post_processor.type \"BertProcessing\"");
#undef POST
}

static void regexes_that_could_differ_are_refused(void)
{
    static const char *const bad[][2] = {
        {"^a", "^"},
        {"a$", "$"},
        {".", "."},
        {"\\\\d+", "\\d"},
        {"\\\\w", "\\w"},
        {"[a[b]]", "[a[b]]"},
        {"[a&&b]", "[a&&b]"},
        {"a{1,2}+", "{1,2}+"},
        {"(?m)a", "(?m"},
        {"\\\\p{Han}", "\\p{Han}"},
        {"[\\\\P{L}]", "\\P{L}"},
        {"\\\\pL", "\\p"},
        {"(*ACCEPT)a", "(*"},
        {"[]a]", "[]a"},
        {"a\\\\", "\\"},
    };
    static const char pattern[] = "(?i:'s|";
    const char *from = strstr(tiny, pattern);
    const char *to = strchr(from, '"');
    struct buf b = {0};

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char want[100];

        b.n = 0;
        buf_put(&b, tiny, (size_t)(from - tiny));
        buf_puts(&b, bad[i][0]);
        buf_puts(&b, to);
        snprintf(want, sizeof want,
                 "pre_tokenizer.pattern: Regex: %s is not "
                 "supported",
                 bad[i][1]);
        expect(b.p, b.n, want);
    }
    b.n = 0;
    buf_put(&b, tiny, (size_t)(from - tiny));
    buf_puts(&b, "a*");
    buf_puts(&b, to);
    expect(b.p, b.n, "can match the empty string");
    b.n = 0;
    buf_put(&b, tiny, (size_t)(from - tiny));
    buf_puts(&b, "(a");
    buf_puts(&b, to);
    expect(b.p, b.n, "pre_tokenizer.pattern: Regex: missing");
    buf_free(&b);
}

static void vocabulary_and_merges_must_agree(void)
{
    refuses("\"A\": 65", "\"A\": 66", "id 66 is given to two tokens");
    refuses("\"A\": 65", "\"B\": 65", "\"B\" is there twice");
    refuses("\"A\": 65", "\"A\": -1", "found '-', expected a whole number");
    refuses("\"A\": 65", "\"A\": 4194304", "a number above 4194303");
    refuses("\"A\": 65", "\"A\": 65.0", "expected a whole number");
    accepts("\"\xc4\x80\": 0", "\"\xe4\xbd\xa0\": 0"); /* byte 0 has no token */
    refuses("\"merges\": [", "\"merges\": [\"q q\",",
            "needs the token \"qq\", which the vocabulary lacks");
    refuses("\"merges\": [", "\"merges\": [\"qq\",", "one space between");
    refuses("\"merges\": [", "\"merges\": [\"a b c\",", "one space between");
    refuses("\"merges\": [", "\"merges\": [[\"a\"],", "expected ','");
    refuses("\"merges\": [", "\"merges\": [], \"merges\": [",
            "duplicate key \"merges\"");
    refuses("\"merges\"", "\"marges\"", "t: no model.merges");
    refuses("\"id\": ", "\"id\": 1", "\"<|endoftext|>\" has id 1");
    accepts("\"A\": 65", "\"\\u0041\": 65");
    accepts("\"padding\": null", "\"padding\": {\"length\": 8}");
    accepts("\"truncation\": null", "\"truncation\": {\"max_length\": 5}");
}

static void syntax_errors_have_line_and_column(void)
{
    static const struct {
        const char *text, *want;
    } bad[] = {
        {"", "t: line 1, column 1: the text ends"},
        {"{\n \"a\": }", "t: line 2, column 7: found '}', expected a value"},
        {"{\"model\": {\"vocab\": {\"a\": 0,\n\"b\" 1}}}",
         "t: line 2, column 5: found '1', expected ':'"},
        {"{\"\xff\": 1}", "t: line 1, column 3: not UTF-8"},
        {"{\"a\": \"\\ud800\"}", "not an escape sequence"},
        {"{\"a\": 01}", "leading zeros"},
        {"{\"a\": 1} x", "something follows"},
        {"{\"a\": tru}", "expected a value"},
        {"{\"a\": \"\x01\"}", "control byte 0x01"},
        {"{\"a\": 1.}", "expected a digit"},
        {"{\"a\": 1, \"a\": 1}", "no model.vocab"},
        {"[]", "found '[', expected '{'"},
    };
    char deep[300];

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        expect(bad[i].text, strlen(bad[i].text), bad[i].want);
    refuses("\"merges\": [", "\"type\": \"BPE\", \"merges\": [", "line 529");
    memset(deep, '[', sizeof deep);
    memcpy(deep, "{\"a\":", 5);
    expect(deep, sizeof deep, "nested deeper than 64");
}

static void a_file_cut_anywhere_is_an_error(void)
{
    for (size_t n = 0; n < n_tiny - 2; n += n < 800 ? 7 : 97) {
        struct tok *t;
        struct err e = {0};
        char *copy = xmalloc(n + 1); /* its own block: ASan sees the end */

        memcpy(copy, tiny, n);
        T_CHECKF(tok_open_text(&t, copy, n, "t", 0, &e) == -ERR_DATA,
                 "cut at %zu", n);
        tok_close(&t);
        free(copy);
    }
}

static void merges_may_come_before_the_vocabulary(void)
{
    struct tok *t;
    struct err e = {0};
    struct tok_ids ids = {0};
    json_t *o = json_loadb(tiny, n_tiny, 0, NULL), *model, *merges;
    char *text;

    model = json_object_get(o, "model");
    merges = json_incref(json_object_get(model, "merges"));
    json_object_del(model, "merges");
    {
        json_t *first = json_object();

        json_object_set_new(first, "merges", merges);
        json_object_update(first, model);
        json_object_set_new(o, "model", first);
    }
    text = json_dumps(o, 0);
    T_CHECK(strstr(text, "\"merges\"") < strstr(text, "\"vocab\""));
    T_CHECKF(!tok_open_text(&t, text, strlen(text), "t", 0, &e), "%s", e.msg);
    T_CHECK(!tok_encode(t, "coins", 5, 0, &ids, &e));
    T_CHECK(ids.n < 5);
    tok_ids_free(&ids);
    tok_close(&t);
    free(text);
    json_decref(o);
}

static void a_sequence_in_a_sequence_is_one(void)
{
    struct tok *t;
    struct err e = {0};
    json_t *o = json_loadb(tiny, n_tiny, 0, NULL);
    char *text;

    json_object_set_new(o, "pre_tokenizer",
                        json_pack("{s:s, s:[O]}", "type", "Sequence",
                                  "pretokenizers",
                                  json_object_get(o, "pre_tokenizer")));
    text = json_dumps(o, 0);
    T_CHECKF(!tok_open_text(&t, text, strlen(text), "t", 0, &e), "%s", e.msg);
    T_CHECK(t && t->n_splits == 1 && split_is_fast(t->split[0]));
    tok_close(&t);
    free(text);
    json_object_set_new(
        o, "pre_tokenizer",
        json_pack("{s:s, s:[]}", "type", "Sequence", "pretokenizers"));
    text = json_dumps(o, 0);
    expect(text, strlen(text), "pre_tokenizer.pretokenizers [] is not");
    free(text);
    json_decref(o);
}

static void write_file(const char *dir, const char *name, const char *text)
{
    char path[1024];
    FILE *f;

    snprintf(path, sizeof path, "%s/%s", dir, name);
    f = fopen(path, "w");
    T_CHECK(f && fputs(text, f) >= 0 && !fclose(f));
}

static void config_gives_the_end_token_and_the_template(void)
{
    const char *dir = getenv("T") ? getenv("T") : "/tmp";
    char more[512];
    struct tok *t;
    struct err e = {0};

    write_file(dir, "tokenizer.json", tiny);
    T_CHECK(!tok_open(&t, dir, &e));
    T_EQ_INT(tok_eos(t), -1);
    T_CHECK(!tok_chat_template(t, NULL));
    T_EQ_INT(strlen(tok_digest(t)), 32);
    tok_close(&t);
    write_file(dir, "tokenizer_config.json",
               "{\"eos_token\": {\"content\": \"<|endoftext|>\"}, "
               "\"model_max_length\": 1000000000000000019884624838656, "
               "\"chat_template\": [{\"name\": \"tool\", \"template\": \"x\"}, "
               "{\"name\": \"default\", \"template\": \"y\"}]}");
    T_CHECKF(!tok_open(&t, dir, &e), "%s", e.msg);
    T_EQ_INT(tok_eos(t), tok_vocab(t) - 1);
    T_EQ_STR(tok_chat_template(t, NULL), "y");
    T_EQ_STR(tok_chat_template(t, "tool"), "x");
    T_CHECK(!tok_chat_template(t, "rag"));
    tok_close(&t);
    write_file(dir, "chat_template.jinja", "z");
    T_CHECK(!tok_open(&t, dir, &e));
    T_EQ_STR(tok_chat_template(t, NULL), "z");
    T_CHECK(!tok_chat_template(t, "tool")); /* the file counts alone */
    tok_close(&t);
    snprintf(more, sizeof more, "%s/additional_chat_templates", dir);
    T_CHECK(!mkdir(more, 0700));
    write_file(more, "rag.jinja", "r");
    write_file(more, "readme.txt", "no template");
    T_CHECK(!tok_open(&t, dir, &e));
    T_EQ_STR(tok_chat_template(t, NULL), "z");
    T_EQ_STR(tok_chat_template(t, "rag"), "r");
    tok_close(&t);
    write_file(dir, "tokenizer_config.json", "{\"eos_token\": \"</s>\"}");
    T_EQ_INT(tok_open(&t, dir, &e), -ERR_DATA);
    T_CHECKF(strstr(e.msg, "eos_token \"</s>\" is not in the vocabulary"), "%s",
             e.msg);
    T_EQ_INT(tok_open(&t, "/no/such/dir", &e), -ERR_IO);
}

int main(void)
{
    struct filemap m = {0};
    struct err e = {0};

    if (file_map(&m, TINY, &e)) {
        printf("not ok text_load: %s\n", e.msg);
        return 1;
    }
    n_tiny = m.size;
    tiny = xmalloc(n_tiny + 1);
    memcpy(tiny, m.data, n_tiny);
    tiny[n_tiny] = '\0';
    file_unmap(&m);
    T_RUN(features_we_lack_are_refused_by_name);
    T_RUN(other_kinds_of_tokenizers_are_called_by_name);
    T_RUN(what_the_template_puts_before_a_text_is_checked);
    T_RUN(regexes_that_could_differ_are_refused);
    T_RUN(vocabulary_and_merges_must_agree);
    T_RUN(syntax_errors_have_line_and_column);
    T_RUN(a_file_cut_anywhere_is_an_error);
    T_RUN(merges_may_come_before_the_vocabulary);
    T_RUN(a_sequence_in_a_sequence_is_one);
    T_RUN(config_gives_the_end_token_and_the_template);
    free(tiny);
    T_DONE();
}
