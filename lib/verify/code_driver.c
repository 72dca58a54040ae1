/* code_driver - code_program.py and code_driver.py, one text for python3 -c
 *
 * Built from the project's root, as all objects are.
 */
#include "sandbox.h"

__asm__(".pushsection .rodata\n"
        ".global code_driver\n"
        ".global code_driver_size\n"
        "code_driver:\n"
        ".incbin \"lib/verify/code_program.py\"\n"
        ".incbin \"lib/verify/code_driver.py\"\n"
        "code_driver_end:\n"
        ".byte 0\n"
        ".balign 8\n"
        "code_driver_size:\n"
        ".quad code_driver_end - code_driver\n"
        ".popsection\n");

/* An object must define something in C. */
extern const size_t *const code_driver_size_at;
const size_t *const code_driver_size_at = &code_driver_size;
