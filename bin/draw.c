/* draw - prompts in training order: shuffled anew each epoch, without end
 *
 * in      prompts, all of them read first
 * out     + epoch, position and, with --per-step, step; other fields pass
 * memory  all prompts
 * order   a function of seed and position alone
 */
#include "../lib/tasks/order.h"
#include "../lib/train/state.h"
#include "filter_main.h"

static struct filter f = FILTER_INIT;
static uint64_t seed = 1, count, from, per_step;
static const char *resume;

static const struct opt own[] = {
    {OPT_U64, "seed", 0, &seed, "N", "seed of the order", 0, 0},
    {OPT_U64, "count", 0, &count, "N",
     "stop after N prompts; 0 = when the reader goes away", 0, 0},
    {OPT_U64, "from", 0, &from, "N", "first position", 0, 0},
    {OPT_STR, "resume", 0, &resume, "DIR",
     "first position: where DIR/trainer_state.json says its run stopped "
     "reading; 0 for a model without one",
     0, 0},
    {OPT_U64, "per-step", 0, &per_step, "N", "set step = position / N", 0, 0},
    {0}};

static struct opt opts[] = FILTER_OPTS(own);

static const struct cli cli = {
    .name = "draw",
    .purpose = "prompts in training order: shuffled anew each epoch, "
               "without end",
    .usage = "[options] [prompts...]",
    .details =
        "Reads all prompts, then writes them in an order that depends on "
        "--seed and the position only; each epoch has every prompt once. "
        "Without --count it goes on until its reader closes the pipe, and "
        "then ends with exit status 0.",
    .example = "draw --seed 1 --count 16 prompts.jsonl | show",
    .see_also = "rollout, dapo-step",
    .opts = opts,
    .min_args = 0,
    .max_args = 64,
};

struct prompts {
    struct rec **v;
    size_t n, cap;
};

static int read_all(struct prompts *p, struct err *e)
{
    struct rec *rec;
    int r;

    while ((r = filter_read(&f, &rec, e)) > 0) {
        if (p->n == p->cap) {
            p->cap = p->cap ? 2 * p->cap : 256;
            p->v = xrealloc(p->v, p->cap, sizeof *p->v);
        }
        p->v[p->n++] = rec_copy(rec);
    }
    if (!r && p->n > UINT32_MAX)
        r = err_set(e, ERR_DATA, "more than %u prompts", UINT32_MAX);
    return r;
}

/* 1: the reader of an endless draw went away. */
static int write_one(const struct prompts *p, struct order *o, int64_t at,
                     struct err *e)
{
    int64_t epoch;
    uint32_t i = order_at(o, at, &epoch);
    struct rec *rec = rec_copy(p->v[i]);
    int r;

    rec_set_i64(rec, "epoch", epoch);
    rec_set_i64(rec, "position", at);
    if (per_step)
        rec_set_i64(rec, "step", at / (int64_t)per_step);
    r = filter_write(&f, rec, e);
    rec_free(&rec);
    return r && !count && e->reader_left ? 1 : r;
}

static int draw(const struct prompts *p, struct err *e)
{
    struct order o;
    int64_t at = (int64_t)from;
    int r = 0;

    if (resume) {
        r = state_cursor(resume, &at, e);
        if (r)
            return r;
    }
    if (p->n == 0)
        return filter_close(&f, e);
    order_init(&o, seed, (uint32_t)p->n);
    for (uint64_t i = 0; (!count || i < count) && !r; i++)
        r = write_one(p, &o, at++, e);
    order_free(&o);
    if (r == 1) {
        filter_abort(&f);
        return 0;
    }
    return r ? r : filter_close(&f, e);
}

static int run(char **args, int n, struct err *e)
{
    struct prompts p = {0};
    char text[24];
    int r;

    if (from > INT64_MAX / 2 || (resume && from))
        return err_set(e, ERR_USAGE,
                       resume ? "--from and --resume exclude each other"
                              : "--from is too large");
    r = filter_open(&f, "draw", "prompts", args, n, e);
    snprintf(text, sizeof text, "%llu", (unsigned long long)seed);
    if (!r) {
        filter_made_by(&f, "seed", text);
        r = read_all(&p, e);
    }
    if (!r)
        r = draw(&p, e);
    for (size_t i = 0; i < p.n; i++)
        rec_free(&p.v[i]);
    free(p.v);
    return r;
}

int main(int argc, char **argv)
{
    return filter_main(&cli, opts, &f, argc, argv, run);
}
