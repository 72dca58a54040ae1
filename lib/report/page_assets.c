/* page_assets - scripts and the chart library, as bytes of the program
 *
 * Built from the project's root, as all objects are. build.mk makes D3 and
 * D3_LICENCE, empty files where the library is not installed.
 */
#include "page_impl.h"

#define BEGIN(name) #name "_at:\n"
#define FILE_AT(path) ".incbin \"" path "\"\n"
#define END(name) #name "_end:\n.byte 0\n"
#define SIZE(name)                                                             \
    ".balign 8\n" #name "_size:\n"                                             \
    ".quad " #name "_end - " #name "_at\n"
#define START(name) ".balign 8\n" #name ":\n.quad " #name "_at\n"

__asm__(
    ".pushsection .data.rel.ro,\"aw\"\n" BEGIN(page_bytes_script) FILE_AT(
        "lib/report/page/base.js") FILE_AT("lib/report/page/tables.js")
        FILE_AT("lib/report/page/chart.js") FILE_AT("lib/report/page/curves.js")
            FILE_AT("lib/report/page/figures.js")
                FILE_AT("lib/report/page/questions.js") FILE_AT(
                    "lib/report/page/start.js") END(page_bytes_script)
                    BEGIN(page_bytes_d3) FILE_AT(PAGE_D3) END(page_bytes_d3)
                        BEGIN(page_bytes_licence) FILE_AT(PAGE_D3_LICENCE) END(
                            page_bytes_licence) START(page_bytes_script)
                            START(page_bytes_d3) START(page_bytes_licence)
                                SIZE(page_bytes_script) SIZE(page_bytes_d3)
                                    SIZE(page_bytes_licence) ".popsection\n");

/* of this file alone: the labels above are not global */
extern const char *const page_bytes_script, *const page_bytes_d3,
                                                *const page_bytes_licence;
extern const size_t page_bytes_script_size, page_bytes_d3_size,
    page_bytes_licence_size;

struct page_asset page_script(void)
{
    return (struct page_asset){page_bytes_script, page_bytes_script_size};
}

struct page_asset page_d3(void)
{
    return (struct page_asset){page_bytes_d3, page_bytes_d3_size};
}

struct page_asset page_d3_licence(void)
{
    return (struct page_asset){page_bytes_licence, page_bytes_licence_size};
}
