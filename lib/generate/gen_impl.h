/* gen_impl - what the files of gen share
 *
 * Internal to lib/generate. A request becomes a struct seq. It waits, runs (its
 * positions in a slot of the cache), and may be preempted: then its pages are
 * others', and it waits to be computed again from its prompt and the tokens
 * that it has. Those who run and those who wait are kept in order of requests.
 *
 * Samples of a prompt that have drawn the same tokens are one node of a tree:
 * one of them leads, and its rows and its pages are those of all. Each draws
 * its own next token; where they differ, the node is split (gen_share.c).
 */
#ifndef ULP_GENERATE_GEN_IMPL_H
#define ULP_GENERATE_GEN_IMPL_H
#include "gen.h"
#include "../model/impl.h"

struct seq {
    struct gen_req q;
    struct seq *next;    /* all, in order of requests */
    struct seq *waiting; /* the next who waits */
    int64_t order;       /* of requests, from 1 */
    int64_t prompt;      /* number of its prompt: equal prompts that follow
                          * each other have one */
    struct seq *lead;    /* of its node; NULL: itself */
    /* of a step: the nodes that a leader's is split into, the next of them, and
     * the one that a follower goes to */
    struct seq *parts, *part, *heir;
    int slot; /* where it runs; a follower's has no pages */
    int pos;  /* positions in the cache before this step */
    int rows; /* that this step adds */
    int head; /* of a leader: its row among those that reach the head */
    /* rows of this step's pass: whose hidden state gives its next token; that
     * of its prompt's last token; or -1 */
    int head_row, prompt_row;
    int n, cap, stopped, finished;
    int32_t *tokens; /* [cap] */
    float *logp;
};

/* A sequence whose prompt another one computes in this step. */
struct fork {
    int src;
    struct seq *dst;
};

struct gen {
    struct model *m;
    const struct gen_opts *o;
    const struct gen_io *io;

    struct seq **run; /* [batch], n_run of them */
    int n_run;
    struct seq *waiting; /* preempted, or there was no room yet */
    struct seq *first, **last, *spare;
    int64_t order;
    int preempted; /* in this step */

    int *slots; /* [batch + 1]: free slots, n_slots of them */
    int n_slots;
    int hold;    /* a slot that keeps the last prompt, or -1 */
    int n_pages; /* of the cache */

    int32_t *prompt; /* the last request's, copied */
    int n_prompt, cap_prompt;
    int64_t n_prompts; /* its number, from 1 */
    int group;         /* requests that had the prompt before */
    int in_group;      /* that have had this one */

    int64_t drawn, led; /* tokens so far, and the rows that gave them */

    /* rows of this step: [tokens | slot | pos], cap each */
    int32_t *rows;
    int n_rows, cap_rows;
    int prefill;           /* how many of them are not decoding */
    struct fork *fork;     /* [batch], after the pass */
    int n_forks, promised; /* pages that they take */
    int32_t *head_row;     /* [batch]: rows that reach the head */
    int32_t *first_draw;   /* [batch + 1]: the first draw of each of these */
    int32_t *token;        /* [batch]: draws, and what comes of them */
    float *u, *logp;
    struct seq **who;
};

/* Tokens of the response, at most. */
static inline int gen_max_new(const struct gen *g, const struct gen_req *q)
{
    return q->max_new ? q->max_new : g->o->max_new;
}

/* Tokens that the sequence has, of its prompt and its own. */
static inline int seq_known(const struct seq *s)
{
    return s->q.n_prompt + s->n;
}

/* The leader of the node of s. */
static inline struct seq *seq_lead(struct seq *s)
{
    return s->lead ? s->lead : s;
}

/* Puts the request's name before the message in *e. */
static inline int gen_name(const struct gen_req *q, struct err *e)
{
    return q->name ? err_prefix(e, "%s", q->name) : -e->code;
}

/* ---- gen_enter.c ---- */
/* The rows of running sequences, then those of preempted ones and of new
 * requests, while there are slots, pages and rows for them. */
int gen_admit(struct gen *g, struct err *e) MUST_CHECK;

/* ---- gen_share.c ---- */
/* After a step: nodes are split by the tokens drawn; pages go from those that
 * finished to those that followed, and are copied where two go on. A node that
 * finds no page has no positions. */
void gen_split(struct gen *g);
/* The rows of followers are those of who leads them. */
void gen_follow(struct gen *g);
/* Should the first sample of a prompt wait until the others can enter with it?
 */
int gen_awaits_group(const struct gen *g, const struct seq *s);

/* ---- gen_cache.c ---- */
int gen_cache_open(struct gen *g, struct err *e) MUST_CHECK;
void gen_cache_close(struct gen *g);
/* Can the request run when nothing else does? */
int gen_cache_fits(const struct gen *g, const struct gen_req *q,
                   struct err *e) MUST_CHECK;
/* Every running sequence gets pages for the tokens that it has; where there are
 * not enough the newest are preempted. */
int gen_grow(struct gen *g, struct err *e) MUST_CHECK;
/* Preempts the sequence, no longer in g->run: it gives its pages back and is
 * recomputed when there is room. */
void gen_preempt(struct gen *g, struct seq *s);
void gen_wait(struct gen *g, struct seq *s);
/* It ended: its slot is free, or keeps the prompt for others of its group. */
void gen_leave(struct gen *g, struct seq *s);
void gen_drop_hold(struct gen *g);
/* The error of a sequence that runs alone and finds no page. */
int gen_no_page(const struct gen *g, const struct seq *s, struct err *e);

#endif
