/* view_header - a stream's header as text for people */
#include <string.h>
#include "../base/json.h"
#include "../base/json_text.h"
#include "view.h"

/* " tool key=value ...", one program's entry of made_by. */
static void made_by(struct buf *b, json_t *entry)
{
    const char *name;
    json_t *v;

    json_object_foreach(entry, name, v) {
        if (!strcmp(name, "tool") && json_is_string(v)) {
            buf_printf(b, " %s", json_string_value(v));
        } else {
            buf_printf(b, " %s=", name);
            json_pretty(b, v);
        }
    }
}

static void member(struct buf *b, const char *key, json_t *v)
{
    size_t i;
    json_t *entry;

    if (strcmp(key, "made_by") || !json_is_array(v)) {
        buf_printf(b, "  %-9s ", key);
        json_pretty(b, v);
        buf_puts(b, "\n");
        return;
    }
    json_array_foreach(v, i, entry) {
        buf_printf(b, "  %-9s", i ? "" : key);
        made_by(b, entry);
        buf_puts(b, "\n");
    }
}

void view_header(struct buf *b, const struct rec_reader *in)
{
    const char *text = rec_header_json(in), *key;
    json_t *j = NULL, *v;
    struct err e;

    if (!*text) {
        buf_printf(b, "%s: JSON lines, no header\n", rec_name(in));
        return;
    }
    if (json_read_text(&j, text, strlen(text), "header", &e) < 0) {
        buf_printf(b, "%s: %s\n", rec_name(in), text);
        return;
    }
    buf_printf(b, "%s:\n", rec_name(in));
    json_object_foreach(j, key, v)
        member(b, key, v);
    json_decref(j);
}
