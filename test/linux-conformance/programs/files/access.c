// access and faccessat tell existence and rights; as uid 0 everything but execution of plain files is allowed.
// variants: dynamic static
#include "../conformance.h"

int main(void) {
    enter_scratch_directory();
    write_file("file", "x");
    must(chmod("file", 0000) == 0);
    say_status("exists", access("file", F_OK));
    say_status("readable", access("file", R_OK));
    say_status("writable", access("file", W_OK));
    say_status("executable", access("file", X_OK));
    must(chmod("file", 0100) == 0);
    say_status("executable now", access("file", X_OK));
    say_status("missing", access("missing", F_OK));
    say_status("bad mode", access("file", 99));
    say_status("directory searchable", access(".", X_OK));
    return 0;
}
