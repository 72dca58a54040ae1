/* link - the connection between a rank and the process that started it: messages,
 * and the rank's end of it. Internal to lib/comm. */
#ifndef ULP_COMM_LINK_H
#define ULP_COMM_LINK_H
#include <stdint.h>
#include <sys/types.h>
#include "../base/err.h"

enum link_type {
    LINK_HELLO =
        1,     /* struct link_hello: the first, once by a launcher's rank */
    LINK_RANK, /* struct link_hello again, the rank now known */
    LINK_BEAT,
    LINK_FAIL, /* struct link_fail */
    LINK_DONE
};

/* One packet, the longer parts only where the type has them. */
struct link_msg {
    uint32_t type;
    union {
        struct link_hello {
            char key[40];
            int32_t rank, pid; /* rank -1: not known yet */
            char host[128];
        } hello;
        struct link_fail {
            int32_t code, no_memory, reader_left;
            int32_t lost; /* a rank that was found gone, or -1 */
            char msg[1024];
        } fail;
    } u;
};

/* The rank's end: fd is kept. */
void link_open(int fd);
/* Signs of life begin. When the other end goes, or sends anything (deaf: after
 * link_listen), the process exits at once with status 1. */
int link_live(int deaf, struct err *e) MUST_CHECK;
void link_listen(void);
void link_send(enum link_type type, const struct link_msg *m);
/* No more is sent, and the other end may go. */
void link_done(void);
/* 1 from link_open to link_done. */
int link_is_open(void);
/* This host's name, as messages have it. */
const char *link_host(void);
/* What no two hosts have alike. */
void link_host_id(char *text, size_t n);

#endif
