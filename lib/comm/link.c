/* link - a rank's connection to the process that started it */
#include "link.h"
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    BEAT_MS = 1000,
    CUT_MS = 10000,    /* without an answer from the other host's kernel */
    BACKLOG = 16 << 10 /* bytes that a process which was stopped left unread */
};

static struct {
    int fd;
    int open, done;
    int deaf; /* what the other end sends is not for the thread yet */
    pthread_mutex_t lock;
    pthread_t thread;
} link_state = {.fd = -1, .lock = PTHREAD_MUTEX_INITIALIZER};

const char *link_host(void)
{
    static char host[128];

    if (!host[0] && gethostname(host, sizeof host - 1))
        snprintf(host, sizeof host, "this host");
    return host;
}

/* Names may be alike (localhost), and so may the kernel's number of its start,
 * where hosts are containers of one machine. */
void link_host_id(char *text, size_t n)
{
    char boot[64] = "";
    FILE *f = fopen("/proc/sys/kernel/random/boot_id", "r");

    if (f && !fgets(boot, sizeof boot, f))
        boot[0] = 0;
    if (f)
        fclose(f);
    snprintf(text, n, "%s %s", link_host(), boot);
}

static void put(const void *p, size_t n)
{
    const char *at = p;

    while (n) {
        ssize_t w = send(link_state.fd, at, n, MSG_NOSIGNAL);

        if (w < 0 && errno == EINTR)
            continue;
        if (w <= 0)
            return; /* the thread sees the end, too */
        at += w;
        n -= (size_t)w;
    }
}

void link_send(enum link_type type, const struct link_msg *m)
{
    struct link_msg out = {0};

    if (m)
        out = *m;
    out.type = type;
    pthread_mutex_lock(&link_state.lock);
    if (link_state.open && !link_state.done)
        put(&out, sizeof out);
    pthread_mutex_unlock(&link_state.lock);
}

/* Whether the network to the other end is cut: its kernel confirms neither what
 * was sent nor questions whether there is room again. The kernel of a process that
 * is stopped or slow does. */
static int is_cut(void)
{
    struct tcp_info t = {0};
    socklen_t n = sizeof t;

    return !getsockopt(link_state.fd, IPPROTO_TCP, TCP_INFO, &t, &n) &&
           (t.tcpi_unacked || t.tcpi_probes > 1) &&
           t.tcpi_last_ack_recv > CUT_MS;
}

/* A beat is left out where it would wait for the other end. */
static void beat(void)
{
    int n = 0;

    if (ioctl(link_state.fd, TIOCOUTQ, &n) || n < BACKLOG)
        link_send(LINK_BEAT, NULL);
}

static void *live(void *ctx)
{
    struct pollfd p = {.fd = link_state.fd};

    (void)ctx;
    for (;;) {
        int n;

        pthread_mutex_lock(&link_state.lock);
        p.events = link_state.deaf ? POLLRDHUP : POLLIN;
        pthread_mutex_unlock(&link_state.lock);
        n = poll(&p, 1, BEAT_MS);

        if (n == 0 && !is_cut())
            beat();
        else if (n == 0)
            _exit(ERR_IO);
        if (n <= 0)
            continue;
        pthread_mutex_lock(&link_state.lock);
        n = link_state.done;
        pthread_mutex_unlock(&link_state.lock);
        if (n)
            return NULL;
        _exit(ERR_IO); /* outputs have no name yet */
    }
}

void link_listen(void)
{
    pthread_mutex_lock(&link_state.lock);
    link_state.deaf = 0;
    pthread_mutex_unlock(&link_state.lock);
}

void link_open(int fd)
{
    link_state.fd = fd;
    link_state.open = 1;
    link_state.done = 0;
}

int link_live(int deaf, struct err *e)
{
    sigset_t all, old;
    int r;

    link_state.deaf = deaf;
    /* signals are for the thread that computes */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    r = pthread_create(&link_state.thread, NULL, live, NULL);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (r)
        return err_set(e, ERR_IO, "no thread for signs of life: %s",
                       strerror(r));
    pthread_detach(link_state.thread);
    return 0;
}

void link_done(void)
{
    link_send(LINK_DONE, NULL);
    pthread_mutex_lock(&link_state.lock);
    link_state.done = 1;
    pthread_mutex_unlock(&link_state.lock);
}

int link_is_open(void)
{
    int r;

    pthread_mutex_lock(&link_state.lock);
    r = link_state.open && !link_state.done;
    pthread_mutex_unlock(&link_state.lock);
    return r;
}
