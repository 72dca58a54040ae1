/* fuzz_tok - tokenizer.json, encoding, decoding, chat templates under libFuzzer
 *
 * The first byte says what the rest is: 'J' a tokenizer.json, 'C' a chat
 * template, 'D' token ids, '0' to '9' text for a tokenizer of
 * tests/golden/tok, anything else text. Beside crashes it looks for broken
 * promises: text must come back as its NFC, twice must give the same, PCRE2
 * must cut as the hand-written code does.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../../lib/base/file.h"
#include "../../lib/text/chat.h"
#include "../../lib/text/tok_impl.h"
#include "../../lib/base/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int ok, const char *what)
{
    if (!ok) {
        fprintf(stderr, "fuzz_tok: %s\n", what);
        abort();
    }
}

static struct tok *open_file(const char *path, int flags)
{
    struct filemap m = {0};
    struct tok *t = NULL;
    struct err e = {0};

    must(!file_map(&m, path, &e), e.msg);
    must(!tok_open_text(&t, (const char *)m.data, m.size, "tiny", flags, &e),
         e.msg);
    file_unmap(&m);
    return t;
}

static void fuzz_json(const char *s, size_t n)
{
    struct tok *t;
    struct err e = {0};
    struct tok_ids ids = {0};
    int r = tok_open_text(&t, s, n, "fuzz", 0, &e);

    must(r ? !t && e.code && e.msg[0] : t != NULL, "open: no verdict");
    if (t && tok_encode(t, "The 12 coins<|endoftext|> \xe4\xbd\xa0\n", 29, 1,
                        &ids, &e))
        must(e.code == ERR_DATA, e.msg);
    tok_ids_free(&ids);
    tok_close(&t);
}

static void fuzz_chat(const char *s, size_t n)
{
    char *text = malloc(n + 1);

    must(text != NULL, "memory");
    memcpy(text, s, n);
    text[n] = '\0';
    (void)chat_is_known(text);
    free(text);
}

/* The same ids twice, and with PCRE2 in the place of hand-written code. */
static void fuzz_shape(int which, const char *s, size_t n)
{
    static const char *const shape[10] = {
        "llama3",      "smollm2", "qwen3", "deepseek",  "deepseek-coder",
        "gpt2-prefix", "tekken",  "o200k", "behaviors", "flags",
    };
    static struct tok *t[10], *regex[10];
    struct tok_ids a = {0}, b = {0};
    struct err e = {0};
    char path[100];

    if (!t[which]) {
        snprintf(path, sizeof path, "tests/golden/tok/%s.json", shape[which]);
        t[which] = open_file(path, 0);
        regex[which] = open_file(path, TOK_FORCE_REGEX);
    }
    if (tok_encode(t[which], s, n, (int)(n & 1), &a, &e))
        return;
    must(!tok_encode(regex[which], s, n, (int)(n & 1), &b, &e), e.msg);
    must(a.n == b.n && (!a.n || !memcmp(a.v, b.v, a.n * sizeof *a.v)),
         shape[which]);
    tok_put_begin(t[which], &a);
    tok_put_begin(t[which], &b);
    tok_put_begin(t[which], &b);
    must(a.n == b.n, "begin tokens twice");
    tok_ids_free(&a);
    tok_ids_free(&b);
}

static void fuzz_decode(struct tok *t, const uint8_t *p, size_t n)
{
    struct tok_stream s = {.t = t};
    struct err e = {0};
    char *text;
    size_t len, at = 0, k, i;
    int32_t *id = malloc((n / 2 + 1) * sizeof *id);

    must(id != NULL, "memory");
    for (i = 0; i < n / 2; i++)
        id[i] = p[2 * i] | p[2 * i + 1] % 3 << 8;
    must(!tok_decode(t, id, n / 2, 0, &text, &len, &e), "decode");
    must(utf8_whole(text, len), "decode: not UTF-8");
    for (i = 0; i <= n / 2; i++) {
        const char *q = i < n / 2 ? tok_stream_push(&s, id[i], &k)
                                  : tok_stream_end(&s, &k);

        must(at + k <= len && !memcmp(q, text + at, k), "stream differs");
        at += k;
    }
    must(at == len, "stream is short");
    tok_stream_free(&s);
    free(text);
    free(id);
}

static void fuzz_text(struct tok *t, struct tok *regex, const char *s, size_t n)
{
    struct tok_ids a = {0}, b = {0};
    struct err e = {0};
    struct nfc_buf nfc = {0};
    const char *want;
    char *text;
    size_t len, k;
    int specials = n & 1;

    if (tok_encode(t, s, n, specials, &a, &e)) {
        must(!utf8_whole(s, n), e.msg);
        return;
    }
    must(!tok_encode(t, s, n, specials, &b, &e), "encode again");
    must(a.n == b.n && (!a.n || !memcmp(a.v, b.v, a.n * sizeof *a.v)),
         "not the same twice");
    b.n = 0;
    must(!tok_encode(regex, s, n, specials, &b, &e), e.msg);
    must(a.n == b.n && (!a.n || !memcmp(a.v, b.v, a.n * sizeof *a.v)),
         "PCRE2 differs");
    must(!tok_decode(t, a.v, a.n, 0, &text, &len, &e), "decode");
    if (!memmem(s, n, "<|endoftext|>", 13)) { /* a border for NFC */
        want = nfc_text(&nfc, t->prop, s, n, &k);
        must(k == len && !memcmp(text, want, k), "not its NFC");
    }
    nfc_free(&nfc);
    free(text);
    tok_ids_free(&a);
    tok_ids_free(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct tok *t, *regex;

    if (!t) {
        t = open_file("tests/golden/text/tokenizer.json", 0);
        regex = open_file("tests/golden/text/tokenizer.json", TOK_FORCE_REGEX);
    }
    if (!size)
        return 0;
    if (data[0] == 'J')
        fuzz_json((const char *)data + 1, size - 1);
    else if (data[0] == 'C')
        fuzz_chat((const char *)data + 1, size - 1);
    else if (data[0] >= '0' && data[0] <= '9')
        fuzz_shape(data[0] - '0', (const char *)data + 1, size - 1);
    else if (data[0] == 'D')
        fuzz_decode(t, data + 1, size - 1);
    else
        fuzz_text(t, regex, (const char *)data + 1, size - 1);
    return 0;
}
