/* code_driver - code_program.py and code_driver.py, one text for python3 -c: in
 * U both, in T the second alone
 *
 * Built from the project's root, as all objects are.
 */
#include "sandbox.h" /* declares it */

__asm__(".pushsection .rodata\n"
        ".global code_driver_u, code_driver_t\n"
        "code_driver_u:\n"
        ".incbin \"lib/verify/code_program.py\"\n"
        "code_driver_t:\n"
        ".incbin \"lib/verify/code_driver.py\"\n"
        ".byte 0\n"
        ".popsection\n");
