/* metrics - a training step's numbers as a record; see metrics.h
 *
 * reward_mean, accuracy and response_length_mean are over every rollout read
 * in the step, dropped groups included: what the policy does on the prompts it
 * was given. The rest is over the tokens trained on. A mean over nothing, or
 * one that is not finite, is left out.
 */
#include "metrics.h"

static void set_mean(struct rec *r, const char *name, double sum, double n)
{
    double v = sum / n;

    if (n > 0 && v - v == 0)
        rec_set_f64(r, name, v);
}

static void set_batch(struct rec *r, const struct batch *b,
                      const struct batch_opts *o)
{
    double n = (double)b->n_samples;

    set_mean(r, "reward_mean", b->reward, n);
    set_mean(r, "accuracy", (double)b->n_correct, n);
    set_mean(r, "response_length_mean", (double)b->response_tokens, n);
    rec_set_u64(r, "rollouts", b->n_samples);
    rec_set_i64(r, "groups_kept", b->n);
    rec_set_i64(r, "groups_dropped", b->dropped);
    rec_set_i64(r, "groups_surplus", b->surplus);
    rec_set_i64(r, "gen_batches", b->rounds);
    /* trained on less than was asked for: rounds or input ran out */
    rec_set_i64(r, "groups_missing", o->prompts - b->n);
    rec_set_i64(r, "groups_one_response", b->one_response);
    rec_set_i64(r, "groups_no_advantage", b->no_advantage);
    if (b->skipped)
        rec_set_i64(r, "prompts_skipped", b->skipped);
    if (o->off_policy)
        rec_set_bool(r, "off_policy", 1);
}

static void set_loss(struct rec *r, const struct step_stats *st)
{
    const struct dapo_stats *s = &st->loss;
    double n = (double)s->tokens;

    set_mean(r, "loss", s->loss, n);
    set_mean(r, "clip_low", (double)s->low, n);
    set_mean(r, "clip_high", (double)s->high, n);
    set_mean(r, "clip_dual", (double)s->dual, n);
    set_mean(r, "approx_kl", s->neg_d, n);
    set_mean(r, "entropy", st->entropy, (double)st->tokens);
    if (st->tokens) {
        set_mean(r, "logp_gap_max", st->logp_gap, 1);
        mismatch_set(r, &st->mismatch);
    }
}

void metrics_set(struct rec *r, int64_t step, const struct batch *b,
                 const struct step_stats *st, const struct adamw *a, double lr,
                 const struct batch_opts *o)
{
    rec_set_i64(r, "step", step);
    set_batch(r, b, o);
    set_loss(r, st);
    rec_set_u64(r, "tokens", st->tokens);
    set_mean(r, "grad_norm", st->norm, st->updates);
    set_mean(r, "changed_fraction", (double)st->changed,
             (double)st->updates * (double)a->p->n_values);
    rec_set_i64(r, "updates", st->updates);
    rec_set_i64(r, "skipped_updates", st->skipped);
    rec_set_f64(r, "lr", lr);
    if (a->arm.loss_scaling)
        rec_set_f64(r, "loss_scale", a->loss_scale);
}

void metrics_set_sync(struct rec *r, const struct publish_stats *s)
{
    set_mean(r, "sync_ratio", (double)s->bytes, (double)s->all);
    if (!s->compared)
        return;
    set_mean(r, "sync_changed", (double)s->changed, (double)s->n);
    set_mean(r, "visible_fraction", (double)s->visible, (double)s->n);
}
