// dlopen, dlsym, dladdr, dlclose: constructors and destructors run, symbols resolve both ways, errors are told.
// variants: dynamic
// libraries: plugin needs-other
// link: -rdynamic
#include "../conformance.h"
#include <dlfcn.h>

int program_offers(int number) { return number * 2; }

int main(void) {
    say("before\n");
    void *library = dlopen("libplugin.so", RTLD_NOW | RTLD_LOCAL);
    must(library != NULL);
    int (*call)(int) = (int (*)(int))dlsym(library, "plugin_call");
    int *data = dlsym(library, "plugin_data");
    must(call != NULL && data != NULL);
    int first = call(10), second = call(10);
    say("calls %d %d, data %d\n", first, second, *data);
    say_truth("same handle again", dlopen("libplugin.so", RTLD_NOW) == library);
    Dl_info info;
    say_truth("dladdr", dladdr((void *)call, &info) && strcmp(info.dli_sname, "plugin_call") == 0 && strstr(info.dli_fname, "libplugin.so"));
    say_truth("local symbols stay local", dlsym(RTLD_DEFAULT, "plugin_call") == NULL);
    say_truth("missing symbol", dlsym(library, "missing") == NULL && strstr(dlerror(), "missing"));
    say_truth("missing library", dlopen("libmissing.so", RTLD_NOW) == NULL && strstr(dlerror(), "libmissing.so"));
    say_truth("unresolved with RTLD_NOW", dlopen("libneeds-other.so", RTLD_NOW) == NULL && strstr(dlerror(), "nobody_has_this"));
    say_truth("lazily loads", dlopen("libneeds-other.so", RTLD_LAZY) != NULL);
    say("close %d\n", dlclose(library));
    say("close the last %d\n", dlclose(library));
    say_truth("gone", dlopen("libplugin.so", RTLD_NOW | RTLD_NOLOAD) == NULL);
    library = dlopen("libplugin.so", RTLD_NOW | RTLD_GLOBAL);
    say_truth("global now", dlsym(RTLD_DEFAULT, "plugin_call") != NULL);
    return 0;
}
