/* generate_sync - trainer and sampler talk over a FIFO */
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "../../lib/base/rng.h"
#include "../../lib/generate/sync.h"
#include "t.h"

#define N_WEIGHTS ((size_t)3 * 1024 * 1024 + 7) /* several pieces */

static const char digest_1[] = "0123456789abcdef0123456789abcdef";
static const char digest_2[] = "fedcba9876543210fedcba9876543210";

static char fifo[400];

static void make_fifo(void)
{
    const char *dir = getenv("T");

    snprintf(fifo, sizeof fifo, "%.390s/fifo", dir ? dir : ".");
    unlink(fifo);
    if (mkfifo(fifo, 0600))
        t_fail(__FILE__, __LINE__, "mkfifo");
}

static void fill(uint8_t *w)
{
    struct rng r;

    rng_init(&r, 5, 5);
    for (size_t i = 0; i < N_WEIGHTS; i++)
        w[i] = (uint8_t)rng_u32(&r);
}

/* The trainer: go, weights, go, end; or it stops after the first go. */
static int trainer(int cut)
{
    struct sync *s;
    struct err e = {0};
    uint8_t *w = malloc(N_WEIGHTS);

    size_t half = N_WEIGHTS / 2;

    fill(w);
    if (sync_open(&s, fifo, 1, &e) || sync_send_go(s, 7, 16, &e))
        return 1;
    if (!cut &&
        (sync_begin_weights(s, DT_BF16, N_WEIGHTS, 1, &e) ||
         sync_put_weights(s, w, half, &e) ||
         sync_put_weights(s, w + half, N_WEIGHTS - half, &e) ||
         sync_end_weights(s, digest_1, &e) ||
         sync_begin_changes(s, DT_F32, 8, digest_1, &e) ||
         sync_put_changes(s, "abc", 3, &e) || sync_put_changes(s, "", 0, &e) ||
         sync_end_weights(s, digest_2, &e) || sync_send_go(s, 8, 1, &e) ||
         sync_send_end(s, &e)))
        return 1;
    sync_close(&s);
    free(w);
    return 0;
}

static pid_t start(int cut)
{
    pid_t pid;

    fflush(stdout);
    pid = fork();
    if (pid == 0)
        _exit(trainer(cut));
    return pid;
}

static void messages_arrive_whole_and_in_order(void)
{
    struct sync *s;
    struct sync_msg m;
    struct err e = {0};
    uint8_t *w = malloc(N_WEIGHTS), *got = malloc(N_WEIGHTS);
    size_t third = N_WEIGHTS / 3, n_part;
    const void *part;
    char policy[33];
    int status;
    pid_t pid;

    fill(w);
    make_fifo();
    pid = start(0);
    T_EQ_INT(sync_open(&s, fifo, 0, &e), 0);
    T_EQ_INT(sync_recv(s, &m, &e), 0);
    T_CHECK(m.type == SYNC_GO && m.step == 7 && m.prompts == 16);
    T_EQ_INT(sync_recv(s, &m, &e), 0);
    T_CHECK(m.type == SYNC_WEIGHTS && m.t == DT_BF16 && m.keep);
    T_EQ_INT(m.n_bytes, N_WEIGHTS);
    T_EQ_INT(sync_get_weights(s, got, third, &e), 0);
    T_EQ_INT(sync_get_weights(s, got + third, N_WEIGHTS - third, &e), 0);
    T_EQ_INT(sync_check_weights(s, policy, &e), 0);
    T_EQ_STR(policy, digest_1);
    T_CHECK(!memcmp(got, w, N_WEIGHTS));
    T_EQ_INT(sync_recv(s, &m, &e), 0);
    T_CHECK(m.type == SYNC_CHANGES && m.n_bytes == 8 && m.t == DT_F32);
    T_EQ_STR(m.from, digest_1);
    T_EQ_INT(sync_get_changes(s, &part, &n_part, &e), 0);
    T_CHECK(n_part == 3 && !memcmp(part, "abc", 3));
    T_EQ_INT(sync_get_changes(s, &part, &n_part, &e), 0);
    T_EQ_INT(n_part, 0);
    T_EQ_INT(sync_check_weights(s, policy, &e), 0);
    T_EQ_STR(policy, digest_2);
    T_EQ_INT(sync_recv(s, &m, &e), 0);
    T_CHECK(m.type == SYNC_GO && m.step == 8 && m.prompts == 1);
    T_EQ_INT(sync_recv(s, &m, &e), 0);
    T_CHECK(m.type == SYNC_END);
    T_EQ_STR(e.msg, "");
    sync_close(&s);
    waitpid(pid, &status, 0);
    T_EQ_INT(status, 0);
    unlink(fifo);
    free(w);
    free(got);
}

static void a_trainer_that_goes_away_is_an_error(void)
{
    struct sync *s;
    struct sync_msg m;
    struct err e = {0};
    pid_t pid;

    make_fifo();
    pid = start(1);
    T_EQ_INT(sync_open(&s, fifo, 0, &e), 0);
    T_EQ_INT(sync_recv(s, &m, &e), 0);
    T_EQ_INT(sync_recv(s, &m, &e), -ERR_DATA);
    T_CHECK(strstr(e.msg, "went away") != NULL);
    sync_close(&s);
    waitpid(pid, NULL, 0);
    unlink(fifo);
}

/* Sends a whole weights message with one byte of the file changed. */
static void damaged_weights_are_refused(void)
{
    struct sync *s, *raw;
    struct sync_msg m;
    struct err e = {0};
    uint8_t w[64] = {0}, bytes[512];
    char policy[33];
    ssize_t n;
    int fd;

    make_fifo();
    fd = open(fifo, O_RDONLY | O_NONBLOCK);
    T_EQ_INT(sync_open(&raw, fifo, 1, &e), 0);
    T_EQ_INT(sync_begin_weights(raw, DT_F32, sizeof w, 0, &e), 0);
    T_EQ_INT(sync_put_weights(raw, w, sizeof w, &e), 0);
    T_EQ_INT(sync_end_weights(raw, digest_1, &e), 0);
    n = read(fd, bytes, sizeof bytes);
    close(fd);
    sync_close(&raw);
    T_CHECK(n > 64);
    bytes[n - 110] ^= 1; /* of the weights */
    T_EQ_INT(sync_open(&s, fifo, 0, &e), 0);
    fd = open(fifo, O_WRONLY);
    T_CHECK(write(fd, bytes, (size_t)n) == n);
    T_EQ_INT(sync_recv(s, &m, &e), 0);
    T_CHECK(m.n_bytes == sizeof w && !m.keep);
    T_EQ_INT(sync_get_weights(s, w, sizeof w, &e), 0);
    T_EQ_INT(sync_check_weights(s, policy, &e), -ERR_DATA);
    T_CHECK(strstr(e.msg, "checksum") != NULL);
    close(fd);
    sync_close(&s);
    unlink(fifo);
}

static void a_plain_file_is_refused(void)
{
    struct sync *s;
    struct err e = {0};

    T_EQ_INT(sync_open(&s, "/dev/null", 0, &e), -ERR_USAGE);
    T_EQ_INT(sync_open(&s, "/nonexistent/fifo", 1, &e), -ERR_IO);
    sync_close(&s);
}

int main(void)
{
    T_RUN(messages_arrive_whole_and_in_order);
    T_RUN(a_trainer_that_goes_away_is_an_error);
    T_RUN(damaged_weights_are_refused);
    T_RUN(a_plain_file_is_refused);
    T_DONE();
}
