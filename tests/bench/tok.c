/* tok - speed of the tokenizer, one thread: opening, encoding, decoding
 *
 *     tok DIR TEXT...      MB/s are of UTF-8 text, 10^6 bytes a second
 *
 * Each text is encoded as one string and line by line. The first pass is
 * cold: the cache of words is empty. Then the best of five. tests/bench/tok.py
 * does the same with Hugging Face tokenizers and tiktoken. Without arguments
 * it opens the small tokenizer and says what to type.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../../lib/base/clock.h"
#include "../../lib/base/file.h"
#include "../../lib/text/tok.h"

static int encode(struct tok *t, const char *s, size_t n, int lines,
                  struct tok_ids *ids, struct err *e)
{
    const char *end = s + n;
    int r = 0;

    ids->n = 0;
    while (!r && s < end) {
        const char *nl = lines ? memchr(s, '\n', (size_t)(end - s)) : NULL;
        size_t k = (size_t)((nl ? nl + 1 : end) - s);

        r = tok_encode(t, s, k, 0, ids, e);
        s += k;
    }
    return r;
}

static int one_text(const char *dir, const char *path, struct err *e)
{
    struct filemap m;
    int r = file_map(&m, path, e);

    for (int lines = 0; !r && lines < 2; lines++) {
        struct tok *t;
        struct tok_ids ids = {0};
        double cold = 0, best = 1e9, began, d;
        char *back;
        size_t n;

        r = tok_open(&t, dir, e);
        for (int i = 0; !r && i < 6; i++) {
            began = clock_s(CLOCK_PROCESS_CPUTIME_ID);
            r = encode(t, (const char *)m.data, m.size, lines, &ids, e);
            d = clock_s(CLOCK_PROCESS_CPUTIME_ID) - began;
            if (!i)
                cold = d;
            else if (d < best)
                best = d;
        }
        began = clock_s(CLOCK_PROCESS_CPUTIME_ID);
        if (!r)
            r = tok_decode(t, ids.v, ids.n, 0, &back, &n, e);
        if (!r) {
            d = clock_s(CLOCK_PROCESS_CPUTIME_ID) - began;
            printf("%s %s: %.1f MB, %zu tokens; encode %.1f MB/s cold, %.1f "
                   "best; decode %.1f MB/s\n",
                   path, lines ? "lines" : "whole", 1e-6 * (double)m.size,
                   ids.n, 1e-6 * (double)m.size / cold,
                   1e-6 * (double)m.size / best, 1e-6 * (double)m.size / d);
            free(back);
        }
        tok_ids_free(&ids);
        tok_close(&t);
    }
    file_unmap(&m);
    return r;
}

int main(int argc, char **argv)
{
    const char *dir = argc > 1 ? argv[1] : "data/tokenizer/tiny";
    struct err e = {0};
    struct tok *t;
    double best = 1e9;
    int r = 0;

    if (argc < 3)
        puts("tok: for more, name a tokenizer's directory and texts");
    for (int i = 0; !r && i < 5; i++) {
        double began = clock_s(CLOCK_PROCESS_CPUTIME_ID);

        r = tok_open(&t, dir, &e);
        began = clock_s(CLOCK_PROCESS_CPUTIME_ID) - began;
        best = began < best ? began : best;
        if (!r && i == 4)
            printf("%s: %d tokens, opens in %.1f ms\n", dir, tok_vocab(t),
                   1e3 * best);
        tok_close(&t);
    }
    for (int i = 2; !r && i < argc; i++)
        r = one_text(dir, argv[i], &e);
    if (r)
        fprintf(stderr, "tok: %s\n", e.msg);
    return r ? 1 : 0;
}
