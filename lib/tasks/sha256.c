/* sha256 - the digest that sha256sum prints */
#include "sha256.h"
#include <errno.h>
#include <fcntl.h>
#include <sha2.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "../base/arena.h"

enum { CHUNK = 1 << 18 };

static int update(SHA2_CTX *sha, int fd, const char *path, struct err *e)
{
    uint8_t *buf = xmalloc(CHUNK);
    ssize_t n;

    while ((n = read(fd, buf, CHUNK)) > 0 || (n < 0 && errno == EINTR))
        if (n > 0)
            SHA256Update(sha, buf, (size_t)n);
    free(buf);
    return n < 0 ? err_errno(e, ERR_IO, "%s", path) : 0;
}

int sha256_file(const char *path, char hex[65], struct err *e)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), r = 0;
    struct stat st;
    SHA2_CTX sha;

    if (fd < 0)
        return err_errno(e, ERR_IO, "%s", path);
    if (fstat(fd, &st) || !S_ISREG(st.st_mode))
        r = err_set(e, ERR_IO, "%s: not a regular file", path);
    SHA256Init(&sha);
    if (!r)
        r = update(&sha, fd, path, e);
    close(fd);
    SHA256End(&sha, hex);
    return r;
}
