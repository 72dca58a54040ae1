/* generate_receive - weights from the FIFO on every rank: those of the trainer,
 * for no more bytes between ranks than came over the FIFO */
#include <sys/stat.h>
#include <unistd.h>
#include "../../lib/base/hash.h"
#include "../../lib/generate/receive.h"
#include "comm_rig.h"
#include "model_make.h"

/* More runs than are decoded at once. */
#define SHAPE make_config(512, 8, 2, 4096)
enum { MESSAGES = 5 };

static struct params shape_params;
static size_t n_bytes;
static uint16_t *weights[MESSAGES]; /* bf16, of each message */
static char digest[MESSAGES][33];
static size_t sent[MESSAGES]; /* bytes of its parts on the FIFO */
static char fifo[400];

/* A training step moves few weights, and all of one tensor now and then; then
 * nothing moves, and at last all are sent again. */
static void draw_weights(void)
{
    static const int share[MESSAGES] = {0, 100, 1000000, 0, 1};
    struct config c = SHAPE;
    size_t n;
    float *flat = make_flat(&c, 5);
    struct rng r;

    MUST(params_list(&shape_params, &c, &e));
    n = shape_params.n_values;
    n_bytes = n * sizeof *weights[0];
    T_CHECK(n > 17 * (size_t)CHANGES_RUN);
    rng_init(&r, 11, 0);
    for (int k = 0; k < MESSAGES; k++) {
        weights[k] = malloc(n_bytes);
        for (size_t i = 0; i < n; i++)
            weights[k][i] = k ? weights[k - 1][i] : canon_round_bf16(flat[i]);
        for (size_t i = 0; share[k] && i < n; i++)
            if (!rng_below(&r, (uint32_t)share[k]))
                weights[k][i] ^= (uint16_t)(1 + rng_below(&r, 3));
        if (k == 2)
            for (size_t i = 0; i < CHANGES_RUN; i++)
                weights[k][i] ^= (uint16_t)rng_below(&r, 128);
        hash_hex128(weights[k], n_bytes, digest[k]);
    }
    free(flat);
}

static int is_whole(int k)
{
    return k == 0 || k == MESSAGES - 1;
}

/* The runs of message k; s NULL: only what they take. */
static int send_runs(struct sync *s, int k)
{
    const uint8_t *now = (const uint8_t *)weights[k];
    const uint8_t *was = (const uint8_t *)weights[k - 1];
    struct delta_coder *coder = delta_coder_open();
    struct buf out = {0};
    int r = 0;

    for (size_t at = 0, n; at < n_bytes && !r; at += n) {
        n = n_bytes - at < 2 * CHANGES_RUN ? n_bytes - at : 2 * CHANGES_RUN;
        changes_encode(coder, &out, was + at, now + at, n / 2, 2);
        sent[k] += out.n;
        r = s ? sync_put_changes(s, out.p, out.n, &e) : 0;
    }
    buf_free(&out);
    delta_coder_close(&coder);
    return r;
}

static int send_message(struct sync *s, int k)
{
    int r;

    if (is_whole(k))
        r = sync_begin_weights(s, DT_BF16, n_bytes, k == 0, &e) ||
            sync_put_weights(s, weights[k], n_bytes, &e);
    else
        r = sync_begin_changes(s, DT_BF16, n_bytes, digest[k - 1], &e) ||
            send_runs(s, k);
    return r || sync_end_weights(s, digest[k], &e);
}

static int trainer(void)
{
    struct sync *s;
    int r = sync_open(&s, fifo, 1, &e);

    for (int k = 0; k < MESSAGES && !r; k++)
        r = send_message(s, k);
    r = r || sync_send_end(s, &e);
    sync_close(&s);
    return r != 0;
}

/* One message on this rank. */
static void take(struct receiver *v, struct engine *x, struct sync *s, int k)
{
    struct comm_traffic before, now;
    struct sync_msg msg = {0};
    size_t runs = (n_bytes / 2 + CHANGES_RUN - 1) / CHANGES_RUN;
    size_t lengths = is_whole(k) ? 0 : runs * sizeof v->n_run[0];
    char got[33];

    if (s)
        MUST(sync_recv(s, &msg, &e));
    MUST(comm_bcast(v->comm, 0, &msg, sizeof msg, &e));
    T_CHECK((msg.type == SYNC_WEIGHTS) == is_whole(k));
    comm_traffic(v->comm, &before);
    T_CHECKF(!receive_weights(v, x, s, "fifo", &msg, &e), "message %d: %s", k,
             e.msg);
    comm_traffic(v->comm, &now);
    T_EQ_STR(x->digest, digest[k]);
    MUST(model_digest(x->m, got, &e));
    T_EQ_STR(got, digest[k]);
    if (!s)
        T_EQ_INT(now.received - before.received, sent[k] + lengths + 33);
}

static void receive(struct comm *c)
{
    struct config shape = SHAPE;
    struct receiver v = {.threads = 1, .comm = c};
    struct engine x = {0};
    struct sync *s = NULL;
    struct sync_msg msg;
    struct made made;
    float *flat = make_flat(&shape, 1);

    made = make_model(&shape, "bf16", flat, 1, 0);
    free(flat);
    x = (struct engine){.arm = made.arm, .k = made.k, .m = made.m};
    if (!comm_rank(c))
        MUST(sync_open(&s, fifo, 0, &e));
    for (int k = 0; k < MESSAGES && !t_failed; k++)
        take(&v, &x, s, k);
    if (s && !t_failed) {
        MUST(sync_recv(s, &msg, &e));
        T_EQ_INT(msg.type, SYNC_END);
    }
    sync_close(&s);
    receive_close(&v);
    drop_model(&made);
}

static void every_rank_gets_what_was_sent(void)
{
    static const int sizes[] = {1, 2, 3};

    for (int k = 0; k < MESSAGES; k++) {
        sent[k] = is_whole(k) ? n_bytes : 0;
        T_EQ_INT(is_whole(k) ? 0 : send_runs(NULL, k), 0);
    }
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        int status = -1;
        pid_t pid;

        unlink(fifo);
        T_EQ_INT(mkfifo(fifo, 0600), 0);
        fflush(stdout);
        pid = fork();
        if (!pid)
            _exit(trainer());
        on_ranks(sizes[i], receive);
        waitpid(pid, &status, 0);
        T_EQ_INT(status, 0);
    }
    unlink(fifo);
}

/* One in a hundred weights: a fifteenth of all bytes; nothing: next to none. */
static void changes_take_a_part_of_all_weights(void)
{
    for (int k = 1; k < MESSAGES - 1; k++)
        printf("note changes: message %d: %.4f of the bytes of all\n", k,
               (double)sent[k] / (double)n_bytes);
    T_CHECK(15 * sent[1] < n_bytes);
    T_CHECK(sent[3] < n_bytes / 1000);
}

int main(void)
{
    const char *dir = getenv("T");

    snprintf(fifo, sizeof fifo, "%.390s/fifo", dir ? dir : ".");
    draw_weights();
    T_RUN(every_rank_gets_what_was_sent);
    T_RUN(changes_take_a_part_of_all_weights);
    params_free(&shape_params);
    for (int k = 0; k < MESSAGES; k++)
        free(weights[k]);
    T_DONE();
}
