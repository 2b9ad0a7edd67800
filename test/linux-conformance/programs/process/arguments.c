// Arguments and environment come as given: spaces, empty strings and UTF-8 too.
// variants: dynamic static static-pie musl
// arguments: one "two words" "" ünï "with 'quotes'" --flag=value
#include "../conformance.h"

int main(int count, char **arguments) {
    say("count %d\n", count);
    for (int index = 1; index < count; index++) say("%d: '%s'\n", index, arguments[index]);
    say_truth("list ends with null", arguments[count] == NULL);
    setenv("ADDED", "here", 1);
    say("added %s\n", getenv("ADDED"));
    say_truth("missing variable", getenv("CERTAINLY_NOT_SET") != NULL);
    const char *slash = strrchr(arguments[0], '/');
    say("name %s\n", slash ? slash + 1 : arguments[0]);
    return 0;
}
