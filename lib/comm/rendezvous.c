/* rendezvous - where the ranks of a launcher find the process that was started */
#include "rendezvous.h"
#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include "../base/nonce.h"

enum { NAME = 24, MOST_FDS = 3 };

static int name_of(struct sockaddr_un *a, const char *name)
{
    memset(a, 0, sizeof *a);
    a->sun_family = AF_UNIX;
    /* abstract: no file is left behind */
    snprintf(a->sun_path + 1, sizeof a->sun_path - 1, "%s", name);
    return (int)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(name));
}

static int listen_here(const char *name)
{
    struct sockaddr_un a;
    int n = name_of(&a, name);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd >= 0 &&
        (bind(fd, (struct sockaddr *)&a, (socklen_t)n) || listen(fd, 1024))) {
        close(fd);
        return -1;
    }
    return fd;
}

static int listen_net(int *port)
{
    struct sockaddr_in a = {.sin_family = AF_INET,
                            .sin_addr = {htonl(INADDR_ANY)}};
    socklen_t n = sizeof a;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd >= 0 && (bind(fd, (struct sockaddr *)&a, n) || listen(fd, 1024) ||
                    getsockname(fd, (struct sockaddr *)&a, &n))) {
        close(fd);
        return -1;
    }
    *port = ntohs(a.sin_port);
    return fd;
}

/* Of this host, as others may reach it. */
static void put_addresses(char *out, size_t n)
{
    struct ifaddrs *all = NULL;

    out[0] = 0;
    if (getifaddrs(&all))
        return;
    for (struct ifaddrs *i = all; i; i = i->ifa_next) {
        char text[INET_ADDRSTRLEN];
        size_t at = strlen(out);

        if (!i->ifa_addr || i->ifa_addr->sa_family != AF_INET ||
            i->ifa_flags & IFF_LOOPBACK || at + sizeof text + 2 > n)
            continue;
        inet_ntop(AF_INET,
                  &((struct sockaddr_in *)(void *)i->ifa_addr)->sin_addr, text,
                  sizeof text);
        snprintf(out + at, n - at, " %s", text);
    }
    freeifaddrs(all);
}

int rendezvous_open(struct rendezvous *s, struct err *e)
{
    char name[NAME + 1], addresses[1024];
    int port = 0;

    s->here = s->net = -1;
    if (nonce_draw(s->key, 32) || nonce_draw(name, NAME))
        return err_errno(e, ERR_IO, "no random numbers for --launcher");
    s->here = listen_here(name);
    if (s->here < 0)
        return err_errno(e, ERR_IO, "a socket for --launcher");
    s->net = listen_net(&port);
    put_addresses(addresses, sizeof addresses);
    snprintf(s->word, sizeof s->word, "%s %s %d%s", s->key, name, port,
             addresses);
    return 0;
}

void rendezvous_close(struct rendezvous *s)
{
    if (s->here >= 0)
        close(s->here);
    if (s->net >= 0)
        close(s->net);
    s->here = s->net = -1;
}

int rendezvous_accept(int fd, int is_here)
{
    struct ucred c;
    socklen_t n = sizeof c;
    int got = accept4(fd, NULL, NULL, SOCK_CLOEXEC);

    if (got >= 0 && is_here &&
        (getsockopt(got, SOL_SOCKET, SO_PEERCRED, &c, &n) ||
         c.uid != geteuid())) {
        close(got);
        return rendezvous_accept(fd, is_here);
    }
    return got;
}

/* ---- a rank ---- */

static int call_here(const char *name)
{
    struct sockaddr_un a;
    int n = name_of(&a, name);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd >= 0 && connect(fd, (struct sockaddr *)&a, (socklen_t)n)) {
        close(fd);
        return -1;
    }
    return fd;
}

static int call_net(const char *address, int port)
{
    struct sockaddr_in a = {.sin_family = AF_INET,
                            .sin_port = htons((uint16_t)port)};
    struct timeval wait = {5, 0}, none = {0, 0};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || inet_pton(AF_INET, address, &a.sin_addr) != 1)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
    if (connect(fd, (struct sockaddr *)&a, sizeof a)) {
        close(fd);
        return -1;
    }
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &none, sizeof none);
    return fd;
}

int rendezvous_connect(const char *word, char *key, size_t n_key, int *is_here,
                       struct err *e)
{
    char name[NAME + 1] = "", k[64] = "";
    int port = 0, at = 0, fd;

    if (sscanf(word, "%63s %24s %d%n", k, name, &port, &at) < 3)
        return err_set(e, ERR_USAGE, RENDEZVOUS_ENV ": '%.100s' says nothing",
                       word);
    snprintf(key, n_key, "%s", k);
    fd = call_here(name);
    *is_here = fd >= 0;
    for (const char *p = word + at; fd < 0 && *p;) {
        char address[64] = "";
        int n = 0;

        if (sscanf(p, "%63s%n", address, &n) < 1)
            break;
        p += n;
        fd = call_net(address, port);
    }
    return fd >= 0 ? fd
                   : err_set(e, ERR_IO,
                             "the process that started the ranks is not to be "
                             "reached from %s",
                             link_host());
}

/* ---- descriptors ---- */

union control {
    char bytes[CMSG_SPACE(MOST_FDS * sizeof(int))];
    struct cmsghdr align;
};

int rendezvous_send_fds(int fd, const int *fds, int n)
{
    union control u = {{0}};
    char byte = 'd';
    struct iovec io = {&byte, 1};
    struct msghdr m = {.msg_iov = &io,
                       .msg_iovlen = 1,
                       .msg_control = u.bytes,
                       .msg_controllen = CMSG_SPACE((size_t)n * sizeof *fds)};
    struct cmsghdr *c = CMSG_FIRSTHDR(&m);

    if (!n) {
        m.msg_control = NULL;
        m.msg_controllen = 0;
    } else {
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN((size_t)n * sizeof *fds);
        memcpy(CMSG_DATA(c), fds, (size_t)n * sizeof *fds);
    }
    return sendmsg(fd, &m, MSG_NOSIGNAL) == 1 ? 0 : -1;
}

int rendezvous_recv_fds(int fd, int *fds, int n)
{
    union control u = {{0}};
    char byte;
    struct iovec io = {&byte, 1};
    struct msghdr m = {.msg_iov = &io,
                       .msg_iovlen = 1,
                       .msg_control = u.bytes,
                       .msg_controllen = sizeof u.bytes};
    struct cmsghdr *c;
    ssize_t got;

    do
        got = recvmsg(fd, &m, MSG_CMSG_CLOEXEC);
    while (got < 0 && errno == EINTR);
    if (got != 1)
        return -1;
    c = CMSG_FIRSTHDR(&m);
    if (!c || c->cmsg_len != CMSG_LEN((size_t)n * sizeof *fds))
        return n ? -1 : 0;
    memcpy(fds, CMSG_DATA(c), (size_t)n * sizeof *fds);
    return 0;
}
