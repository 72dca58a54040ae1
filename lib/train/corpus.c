/* corpus - prepared rows, tokenized once; see corpus.h */
#include "corpus.h"
#include "../record/rec.h"

static int add_row(struct pack *p, struct tok *t, int32_t eos, int max_len,
                   struct rec *rec, struct tok_ids *ids, struct err *e)
{
    struct rec_str prompt, response;
    size_t n_prompt = 0;
    int r = rec_need_str(rec, "prompt", &prompt, e);

    if (!r)
        r = rec_need_str(rec, "response", &response, e);
    if (r)
        return r;
    ids->n = 0;
    r = tok_encode(t, prompt.s, prompt.n, 1, ids, e);
    if (!r)
        tok_put_begin(t, ids); /* as tokenize writes it */
    n_prompt = ids->n;
    if (!r)
        r = tok_encode(t, response.s, response.n, 0, ids, e);
    if (r)
        return rec_bad(rec, e, "prompt or response: not UTF-8");
    if (ids->n + 1 > (size_t)max_len)
        return rec_bad(rec, e,
                       "prompt and response are %zu tokens with the "
                       "end, the model has %d positions",
                       ids->n + 1, max_len);
    if (ids->n == ids->cap) {
        ids->cap = ids->cap ? 2 * ids->cap : 16;
        ids->v = xrealloc(ids->v, ids->cap, sizeof *ids->v);
    }
    ids->v[ids->n++] = eos;
    pack_add(p, ids->v, (int)ids->n, n_prompt ? (int)n_prompt : 1,
             (uint64_t)p->n);
    return 0;
}

int corpus_read(struct pack *p, struct tok *t, int32_t eos, int max_len,
                char **inputs, int n_inputs, uint64_t limit, struct err *e)
{
    struct tok_ids ids = {0};
    int r = 0;

    for (int i = 0; i < (n_inputs ? n_inputs : 1) && !r; i++) {
        struct rec_reader *in = NULL;
        struct rec *rec;

        r = rec_open(&in, n_inputs ? inputs[i] : "-", e);
        while (!r && !(limit && (uint64_t)p->n >= limit)) {
            int got = rec_read(in, &rec, e);

            if (got <= 0) {
                r = got;
                break;
            }
            r = add_row(p, t, eos, max_len, rec, &ids, e);
        }
        rec_close(&in);
    }
    if (!r && p->n == 0)
        r = err_set(e, ERR_DATA, "no rows to learn from");
    tok_ids_free(&ids);
    return r;
}
