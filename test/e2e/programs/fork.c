/* Fails because it cannot start a process, without a word. */
#include <unistd.h>

int main(void) {
    return fork() < 0 ? 3 : 0;
}
