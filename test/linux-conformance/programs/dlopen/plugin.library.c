// A plug-in: constructor, destructor, a function, data, and a call back into the program.
#include <stdio.h>
#include <string.h>
#include <unistd.h>

extern int program_offers(int number) __attribute__((weak));
int plugin_data = 1234;
static int calls;

static void print(const char *text) { (void)!write(1, text, strlen(text)); }

__attribute__((constructor)) static void begin(void) { print("plugin: constructor\n"); }
__attribute__((destructor)) static void end(void) { print("plugin: destructor\n"); }

int plugin_call(int number) {
    calls++;
    return (program_offers ? program_offers(number) : -1) + calls;
}
