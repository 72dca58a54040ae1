/* live - a record appended to a file */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include "../base/buf.h"
#include "../base/json_text.h"
#include "../record/walk.h"
#include "live.h"

struct line {
    struct buf b;
    struct rec *rec;
};

static void put(void *ctx, const char *path, const struct rec_value *v)
{
    struct line *l = ctx;

    buf_puts(&l->b, l->b.n > 1 ? "," : "");
    json_quote(&l->b, path, strlen(path));
    buf_printf(&l->b, ":%s", rec_value_json(l->rec, v));
}

int live_add(const char *path, struct rec *rec, struct err *e)
{
    struct line l = {.rec = rec};
    int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
    int r = 0;

    if (fd < 0)
        return err_errno(e, ERR_IO, "%s", path);
    buf_puts(&l.b, "{");
    rec_walk(rec, put, &l);
    buf_puts(&l.b, "}\n");
    if (write(fd, l.b.p, l.b.n) != (ssize_t)l.b.n)
        r = err_errno(e, ERR_IO, "%s", path);
    buf_free(&l.b);
    if (close(fd) < 0 && !r)
        r = err_errno(e, ERR_IO, "%s", path);
    return r;
}
