/* page_style - the style of every page, as bytes of the program
 *
 * Apart from the scripts, so that a program without charts does not hold them.
 * Built from the project's root, as all objects are.
 */
#include "page_impl.h"

__asm__(".pushsection .data.rel.ro,\"aw\"\n"
        "page_bytes_style_at:\n"
        ".incbin \"lib/report/page/page.css\"\n"
        "page_bytes_style_end:\n.byte 0\n"
        ".balign 8\n"
        "page_bytes_style:\n.quad page_bytes_style_at\n"
        "page_bytes_style_size:\n"
        ".quad page_bytes_style_end - page_bytes_style_at\n"
        ".popsection\n");

/* of this file alone: the labels above are not global */
extern const char *const page_bytes_style;
extern const size_t page_bytes_style_size;

struct page_asset page_style(void)
{
    return (struct page_asset){page_bytes_style, page_bytes_style_size};
}
