/* sparsity - how many weights an update left unchanged (SCIENCE 6)
 *
 * in      two checkpoints: directories or safetensors files
 * out     a record per tensor, then per kind, per layer, and in total
 * memory  the files are mapped
 * order   of the second checkpoint's tensors
 */
#include <math.h>
#include "../lib/model/params.h"
#include "../lib/model/safetensors.h"
#include "../lib/record/rec.h"
#include "../lib/train/sparsity.h"
#include "main.h"

static double eta = SPARSITY_ETA;
static const char *out = "-", *against;
static int json, quiet;

static const struct opt opts[] = {
    { OPT_F64, "eta", 0, &eta, "X", "relative tolerance of the rule", 0, 1 },
    { OPT_STR, "against", 0, &against, "CKPT2",
      "add the overlap with what changed from BASE to CKPT2", 0, 0 },
    { OPT_STR, "output", 'o', &out, "FILE", "where to write", 0, 0 },
    { OPT_FLAG, "json", 0, &json, NULL, "write JSON lines", 0, 0 },
    { OPT_FLAG, "quiet", 0, &quiet, NULL, "accepted; there is no progress", 0,
      0 },
    { 0 }
};

static const struct cli cli = {
    .name = "sparsity",
    .purpose = "how many weights an update left unchanged",
    .usage = "[options] BASE CKPT",
    .details =
        "Casts both to bf16 and calls a weight unchanged iff |w - w'| <= eta "
        "max(|w|, |w'|). Fields: scope (tensor, kind, layer or total), "
        "tensor, kind, layer, n, unchanged, non_finite (NaN or Inf on either "
        "side, neither changed nor unchanged), sparsity = unchanged / (n - "
        "non_finite). Where CKPT is fp32 also sparsity_f32, the same rule on "
        "the fp32 values, and sparsity_abs1e-5, |w - w'| <= 1e-5.\n\n"
        "With --against: jaccard, the overlap of the two sets of changed "
        "weights, and jaccard_chance, what independent sets of those sizes "
        "would give.",
    .example = "sparsity base ckpt-0300 | show",
    .see_also = "dapo-step, stats",
    .opts = opts,
    .min_args = 2,
    .max_args = 2,
};

/* ---- what a tensor is, from its Hugging Face name ------------------- */

static int ends_with(const char *s, const char *end)
{
    size_t n = strlen(s), m = strlen(end);

    return n >= m && !strcmp(s + n - m, end);
}

enum { KIND_OTHER = N_KINDS };

static int kind_of(const char *name)
{
    static const struct {
        const char *end;
        enum param_kind kind;
    } table[] = {
        { ".bias", KIND_BIAS },
        { "norm.weight", KIND_NORM },
        { "q_proj.weight", KIND_Q },
        { "k_proj.weight", KIND_K },
        { "v_proj.weight", KIND_V },
        { "o_proj.weight", KIND_O },
        { "gate_proj.weight", KIND_GATE },
        { "up_proj.weight", KIND_UP },
        { "down_proj.weight", KIND_DOWN },
        { "embed_tokens.weight", KIND_EMBED },
        { "lm_head.weight", KIND_HEAD },
    };

    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (ends_with(name, table[i].end))
            return (int)table[i].kind;
    return KIND_OTHER;
}

static const char *kind_name(int kind)
{
    return kind == KIND_OTHER ? "other"
                              : param_kind_name((enum param_kind)kind);
}

static int layer_of(const char *name)
{
    const char *s = strstr(name, "layers.");
    char *end;
    long v = s ? strtol(s + 7, &end, 10) : -1;

    return s && *end == '.' && v >= 0 && v < 100000 ? (int)v : -1;
}

/* ---- records -------------------------------------------------------- */

struct tally {
    struct sparsity s;
    int fp32; /* CKPT's values are fp32 */
};

static void set_fraction(struct rec *rec, const char *name, uint64_t part,
                         uint64_t whole)
{
    if (whole)
        rec_set_f64(rec, name, (double)part / (double)whole);
}

static int put(struct rec_writer *w, struct rec *rec, const struct tally *t,
               struct err *e)
{
    const struct sparsity *s = &t->s;
    uint64_t finite = s->n - s->non_finite;
    double j = sparsity_jaccard(s);

    rec_set_u64(rec, "n", s->n);
    rec_set_u64(rec, "unchanged", s->unchanged);
    rec_set_u64(rec, "non_finite", s->non_finite);
    set_fraction(rec, "sparsity", s->unchanged, finite);
    if (t->fp32) {
        rec_set_u64(rec, "unchanged_f32", s->unchanged_f32);
        rec_set_u64(rec, "unchanged_abs1e-5", s->unchanged_abs);
        set_fraction(rec, "sparsity_f32", s->unchanged_f32, finite);
        set_fraction(rec, "sparsity_abs1e-5", s->unchanged_abs, finite);
    }
    if (against && !isnan(j)) {
        rec_set_f64(rec, "jaccard", j);
        rec_set_f64(rec, "jaccard_chance", sparsity_chance(s));
    }
    return rec_write(w, rec, e);
}

static void add(struct tally *to, const struct tally *t)
{
    sparsity_sum(&to->s, &t->s);
    to->fp32 |= t->fp32;
}

struct totals {
    struct tally kind[KIND_OTHER + 1], all, *layer;
    int n_layers;
};

static void add_layer(struct totals *all, int layer, const struct tally *t)
{
    if (layer < 0)
        return;
    if (layer >= all->n_layers) {
        all->layer = xrealloc(all->layer, (size_t)layer + 1,
                              sizeof *all->layer);
        memset(all->layer + all->n_layers, 0,
               (size_t)(layer + 1 - all->n_layers) * sizeof *all->layer);
        all->n_layers = layer + 1;
    }
    add(&all->layer[layer], t);
}

static int put_totals(struct rec_writer *w, const struct totals *all,
                      struct rec *rec, struct err *e)
{
    int r = 0;

    for (int k = 0; k <= KIND_OTHER && !r; k++) {
        if (!all->kind[k].s.n)
            continue;
        rec_clear(rec);
        rec_set_str(rec, "scope", "kind", 4);
        rec_set_str(rec, "kind", kind_name(k), strlen(kind_name(k)));
        r = put(w, rec, &all->kind[k], e);
    }
    for (int i = 0; i < all->n_layers && !r; i++) {
        if (!all->layer[i].s.n)
            continue;
        rec_clear(rec);
        rec_set_str(rec, "scope", "layer", 5);
        rec_set_i64(rec, "layer", i);
        r = put(w, rec, &all->layer[i], e);
    }
    rec_clear(rec);
    rec_set_str(rec, "scope", "total", 5);
    return r ? r : put(w, rec, &all->all, e);
}

/* ---- comparing ------------------------------------------------------ */

struct files {
    struct st_file *base, *ckpt, *other;
};

/* The tensor of f that goes with t of CKPT. */
static int partner(const struct st_file *f, const char *name,
                   const struct st_tensor *t, const struct st_tensor **p,
                   struct err *e)
{
    *p = st_find(f, t->name);
    if (!*p)
        return err_set(e, ERR_DATA, "%s: no tensor %s", name, t->name);
    if ((*p)->n_dims != t->n_dims ||
        memcmp((*p)->dims, t->dims, (size_t)t->n_dims * sizeof *t->dims))
        return err_set(e, ERR_DATA, "%s: %s has another shape", name,
                       t->name);
    return 0;
}

static int one_tensor(const struct files *f, char **args,
                      const struct st_tensor *t, struct totals *all,
                      struct rec_writer *w, struct rec *rec, struct err *e)
{
    const struct st_tensor *b, *c = NULL;
    struct tally tally = { .fp32 = t->type == DT_F32 };
    int kind = kind_of(t->name), layer = layer_of(t->name);
    int r = partner(f->base, args[0], t, &b, e);

    if (!r && f->other)
        r = partner(f->other, against, t, &c, e);
    if (r)
        return r;
    sparsity_add(&tally.s, b->data, b->type, t->data, t->type,
                 c ? c->data : NULL, c ? c->type : DT_F32, t->n, eta);
    add(&all->all, &tally);
    add(&all->kind[kind], &tally);
    add_layer(all, layer, &tally);
    rec_clear(rec);
    rec_set_str(rec, "scope", "tensor", 6);
    rec_set_str(rec, "tensor", t->name, strlen(t->name));
    rec_set_str(rec, "kind", kind_name(kind), strlen(kind_name(kind)));
    if (layer >= 0)
        rec_set_i64(rec, "layer", layer);
    return put(w, rec, &tally, e);
}

/* Files of tied models may or may not have the head. */
static int check_base(const struct files *f, char **args, struct err *e)
{
    for (size_t i = 0; i < st_count(f->base); i++) {
        const char *name = st_at(f->base, i)->name;

        if (!st_find(f->ckpt, name) && strcmp(name, "lm_head.weight"))
            return err_set(e, ERR_DATA, "%s: no tensor %s", args[1], name);
    }
    return st_count(f->ckpt) ? 0 : err_set(e, ERR_DATA, "%s: no tensors",
                                           args[1]);
}

static int header(const struct files *f, struct rec_writer *w, struct err *e)
{
    char digest[33], text[32];

    snprintf(text, sizeof text, "%.17g", eta);
    rec_made_by(w, "eta", text);
    st_digest(f->base, digest);
    rec_made_by(w, "base", digest);
    st_digest(f->ckpt, digest);
    rec_made_by(w, "checkpoint", digest);
    if (f->other) {
        st_digest(f->other, digest);
        rec_made_by(w, "against", digest);
    }
    return rec_header(w, "sparsity", "sparsity", NULL, e);
}

static int run(char **args, struct files *f, struct totals *all,
               struct rec_writer **w, struct rec *rec, struct err *e)
{
    int r = st_open(&f->base, args[0], e);

    if (!r)
        r = st_open(&f->ckpt, args[1], e);
    if (!r && against)
        r = st_open(&f->other, against, e);
    if (!r)
        r = check_base(f, args, e);
    if (!r)
        r = rec_create(w, out, json ? REC_JSON : REC_AUTO, e);
    if (!r)
        r = header(f, *w, e);
    for (size_t i = 0; !r && i < st_count(f->ckpt); i++)
        r = one_tensor(f, args, st_at(f->ckpt, i), all, *w, rec, e);
    if (!r)
        r = put_totals(*w, all, rec, e);
    return r ? r : rec_commit(w, e);
}

int main(int argc, char **argv)
{
    struct err e = { 0 };
    struct files f = { 0 };
    struct totals all = { 0 };
    struct rec_writer *w = NULL;
    struct rec *rec;
    char **args;
    int r;

    start(&cli, argc, argv, &args);
    rec = rec_new();
    r = run(args, &f, &all, &w, rec, &e);
    rec_abort(&w);
    rec_free(&rec);
    st_close(&f.base);
    st_close(&f.ckpt);
    st_close(&f.other);
    free(all.layer);
    return r ? fail(&cli, &e) : finish(&cli);
}
