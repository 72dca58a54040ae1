/* tok_pieces - tokens as quoted pieces of text, for people */
#include "tok.h"

static void quoted(struct buf *out, const char *s, size_t n)
{
    buf_puts(out, "'");
    for (size_t i = 0; i < n; i++)
        if (s[i] == '\n')
            buf_puts(out, "\\n");
        else if ((unsigned char)s[i] < 0x20 || (unsigned char)s[i] >= 0x7f)
            buf_printf(out, "\\x%02x", (unsigned char)s[i]);
        else
            buf_put(out, s + i, 1);
    buf_puts(out, "'");
}

void tok_pieces(const struct tok *t, const int32_t *ids, size_t n_ids,
                struct buf *out)
{
    for (size_t i = 0; i < n_ids; i++) {
        size_t n = 0;
        const char *s = tok_bytes(t, ids[i], &n);

        buf_puts(out, i ? " " : "");
        if (!s)
            buf_printf(out, "<unknown %d>", ids[i]);
        else if (tok_is_special(t, ids[i]))
            buf_put(out, s, n);
        else
            quoted(out, s, n);
    }
}
